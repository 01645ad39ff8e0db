mod missing;

fn half( {
