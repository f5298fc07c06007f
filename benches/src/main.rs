use benches::measure::{serve, times};
use benches::{LIBRARIES, Operation};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, command, library, operation, count] = args.as_slice()
        && command == "serve"
    {
        let library = LIBRARIES.iter().find(|l| l.name == library).unwrap();
        let operation = *Operation::ALL.iter().find(|o| format!("{o:?}") == *operation).unwrap();
        let count = count.parse().unwrap();
        let mut bench = (library.bench)(operation).unwrap();
        for _ in 0..count {
            bench.prepare(50);
            serve(&mut *bench, 50);
        }
        return;
    }
    for operation in Operation::ALL {
        print!("{:36}", operation.name());
        let t = times(operation, 60);
        for t in t {
            match t {
                Some(t) => print!(" {:7.0} ({:.0}-{:.0})", t.median, t.lower, t.upper),
                None => print!("    -           "),
            }
        }
        println!(
            "  {:.2} floor {:.2} as",
            t[1].unwrap().median / t[0].unwrap().median,
            t[1].unwrap().median / t[2].or(t[3]).unwrap().median
        );
    }
}
