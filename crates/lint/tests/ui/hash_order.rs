use std::collections::*;
use std::collections::{BTreeMap, hash_map::HashMap as Table};

use perpetua::prelude::*;

type Stock = Table<String, u32>;
type Fixed = HashMap<String, u32, std::hash::BuildHasherDefault<Hasher>>;

#[derive(Default)]
struct Flow {
    stock: State<HashMap<String, u32>>,
    names: State<BTreeMap<String, u32>>,
    fixed: Fixed,
}

struct Order {
    lines: HashSet<String>,
}

impl Order {
    fn lines(&self) -> &HashSet<String> {
        &self.lines
    }
}

#[workflow]
impl Flow {
    #[run]
    async fn run(&self, ctx: Ctx, order: Order, given: Stock) -> WorkflowResult<()> {
        for (name, count) in &given {}
        for line in order.lines() {}
        for line in order.lines.iter().map(|line| line.len()) {}
        self.stock.with(|stock| stock.values().map(|count| count + 1).collect::<Vec<_>>());
        self.stock.update(|stock| stock.retain(|_, count| *count > 0));
        for each in self.stock.get() {}
        let made: HashSet<u8> = [1].into();
        let collected = given.keys().collect::<HashSet<_>>();
        let first = collected.iter().next();
        let united = made.union(&made);
        Ok(())
    }

    #[query]
    fn fine(&self, given: Stock) -> u32 {
        for (name, count) in &self.fixed {}
        for (name, count) in self.names.get() {}
        let sorted: BTreeMap<_, _> = given.iter().collect::<BTreeMap<_, _>>();
        let mut keys: Vec<_> = given.keys().cloned().collect();
        keys.sort();
        let given = sorted;
        for each in &given {}
        self.stock.with(|stock| stock.get("x").copied().unwrap_or(0) + stock.values().sum::<u32>())
    }
}
