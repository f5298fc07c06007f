//! What is fuzzed, as functions that take whatever bytes and panic on a finding. `fuzz_targets` hands them to
//! libFuzzer; the test below runs the corpus through them, with any compiler.

mod client;
#[path = "../../tests/common/mod.rs"]
mod common;
mod endpoints;
mod jose;
mod model;
mod parsers;
mod raw;
mod records;

pub use client::client;
pub use endpoints::endpoints;
pub use model::model;
pub use parsers::parsers;

#[cfg(test)]
mod tests {
    use std::fs;

    fn run(name: &str, target: fn(&[u8])) {
        let corpus = format!("{}/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut files = 0;
        for entry in fs::read_dir(corpus).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            target(&fs::read(path).unwrap());
            files += 1;
        }
        assert!(files >= 10, "{files} files of corpus for {name}");
    }

    #[test]
    fn the_corpus_of_the_parsers_holds() {
        run("parsers", super::parsers);
    }

    #[test]
    fn the_corpus_of_the_endpoints_holds() {
        run("endpoints", super::endpoints);
    }

    #[test]
    fn the_corpus_of_the_client_holds() {
        run("client", super::client);
    }

    #[test]
    fn the_corpus_of_the_model_holds() {
        run("model", super::model);
    }
}
