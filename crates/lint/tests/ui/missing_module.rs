mod nowhere;

#[perpetua::workflow]
async fn flow(ctx: perpetua::Ctx) -> perpetua::WorkflowResult<()> {
    Ok(())
}
