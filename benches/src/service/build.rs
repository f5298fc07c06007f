//! Makes the programs that are compared. What others wrote is fetched by its package manager and lies below target/
//! alone.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The commit whose SQLite store is the measure of today's.
pub const BEFORE: &str = "5af8a0b";

/// Where everything that is made here lies.
#[derive(Clone, Debug)]
pub struct Workshop {
    root: PathBuf,
    target: PathBuf,
}

impl Workshop {
    /// This checkout's.
    pub fn new() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        fs::create_dir_all(target.join("load"))?;
        Ok(Self { root, target })
    }

    /// The top of the checkout.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A place for files, below target/load, fresh.
    pub fn folder(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.target.join("load").join(name);
        let _ = fs::remove_dir_all(&folder); // of the last run
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    fn made(&self, name: &str) -> PathBuf {
        self.target.join("load").join(name)
    }

    /// The reference host of this tree, or the one that `REFERENCE_HOST_RELEASE` names.
    pub fn reference_host(&self) -> io::Result<PathBuf> {
        if let Some(path) = env::var_os("REFERENCE_HOST_RELEASE") {
            return Ok(path.into());
        }
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--package", "reference-host", "--target-dir"]).arg(&self.target);
        run("the reference host", cargo.current_dir(&self.root))?;
        Ok(self.target.join("release/reference-host"))
    }

    /// The reference host of [`BEFORE`], from this repository's history.
    pub fn before(&self) -> io::Result<PathBuf> {
        let (source, target) = (self.made("before-source"), self.made("before"));
        let program = target.join("release/reference-host");
        if !program.exists() {
            let _ = fs::remove_dir_all(&source);
            fs::create_dir_all(&source)?;
            let archive = self.made("before.tar");
            let mut git = Command::new("git");
            git.args(["archive", "--output"]).arg(&archive).arg(BEFORE);
            run("the sources of the commit before", git.current_dir(&self.root))?;
            run(
                "the sources of the commit before",
                Command::new("tar").arg("xf").arg(&archive).arg("-C").arg(&source),
            )?;
            let mut cargo = Command::new("cargo");
            cargo.args(["build", "--release", "--locked", "--package", "reference-host", "--target-dir"]).arg(&target);
            run("the reference host of the commit before", cargo.current_dir(&source))?;
        }
        Ok(program)
    }

    /// oauth-as' own example of a server in production, from the package that cargo fetched, without its rate limiter:
    /// with it, the server refuses nearly everything that a load test sends. It is built with the profile that this
    /// workspace has.
    pub fn oauth_as(&self) -> io::Result<PathBuf> {
        let (source, target) = (self.made("oauth-as-source"), self.made("oauth-as"));
        let program = target.join("release/examples/production_server");
        if !program.exists() {
            let _ = fs::remove_dir_all(&source);
            let package = self.package("oauth-as")?;
            run("oauth-as' sources", Command::new("cp").arg("--recursive").arg(&package).arg(&source))?;
            without_limiter(&source.join("examples/production_server.rs"))?;
            let manifest = source.join("Cargo.toml");
            let text = fs::read_to_string(&manifest)?;
            fs::write(&manifest, format!("{text}\n[workspace]\n\n[profile.release]\nlto = \"thin\"\n"))?;
            let mut cargo = Command::new("cargo");
            cargo.args(["build", "--release", "--features", "axum", "--example", "production_server", "--target-dir"]);
            run("oauth-as' example server", cargo.arg(&target).current_dir(&source))?;
        }
        Ok(program)
    }

    /// A folder that has `oidc-provider` in it, as the interoperability tests pin it.
    pub fn oidc_provider(&self) -> io::Result<PathBuf> {
        let folder = self.made("oidc-provider");
        if !folder.join("node_modules/oidc-provider/package.json").exists() {
            fs::create_dir_all(&folder)?;
            for name in ["package.json", "package-lock.json"] {
                fs::copy(self.root.join("tests/interop/js").join(name), folder.join(name))?;
            }
            run("oidc-provider", Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(&folder))?;
        }
        Ok(folder)
    }

    fn package(&self, name: &str) -> io::Result<PathBuf> {
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(self.root.join("benches/Cargo.toml"));
        let output = cargo.stderr(Stdio::inherit()).output()?;
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let manifest = packages.filter(|package| package["name"] == name).find_map(|p| p["manifest_path"].as_str());
        let folder = manifest.and_then(|manifest| Path::new(manifest).parent());
        folder.map(Path::to_owned).ok_or_else(|| io::Error::other(format!("cargo has no package {name}")))
    }
}

/// Takes the call of `with_rate_limiter` out of that program, with whatever stands between its parentheses.
fn without_limiter(program: &Path) -> io::Result<()> {
    const CALL: &str = ".with_rate_limiter(Box::new";
    let text = fs::read_to_string(program)?;
    let missing = || io::Error::other(format!("{}: there is no call of with_rate_limiter", program.display()));
    let start = text.find(CALL).ok_or_else(missing)?;
    let (before, call) = text.split_at(start);
    let mut depth = 0_i32;
    let end = call.char_indices().find_map(|(at, letter)| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        (letter == ')' && depth == 0).then_some(at + 1)
    });
    let rest = end.and_then(|end| call.get(end..)).ok_or_else(missing)?;
    fs::write(program, format!("{before}{rest}"))
}

fn run(what: &str, command: &mut Command) -> io::Result<()> {
    eprintln!("making {what}: {command:?}");
    let status = command.stdout(Stdio::null()).status().map_err(|error| {
        io::Error::other(format!("{what}: {}: {error}; is it installed?", command.get_program().display()))
    })?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{what} could not be made: {command:?}"))) }
}
