//! The program whose instructions are counted: shared by the `instructions` targets of crates, each of which names
//! this file by its path.

/// A path through the code: its name, and what prepares it and gives what is to be run again and again.
pub(crate) type Case = (&'static str, fn() -> Box<dyn FnMut()>);

/// Without arguments prints the names of the cases; with the name of one and a number runs it so often.
pub(crate) fn main(cases: &[Case]) {
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let Some(wanted) = arguments.next() else {
        return cases.iter().for_each(|(name, _)| println!("{name}"));
    };
    let runs: u32 = arguments.next().unwrap().parse().unwrap();
    let (_, prepare) = cases.iter().find(|(name, _)| *name == wanted).unwrap();
    let mut run = prepare();
    (0..runs).for_each(|_| run());
}
