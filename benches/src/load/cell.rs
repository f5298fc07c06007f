//! Measures servers in turn, so that whatever else the machine does falls on all of them.

use std::io;

use crate::load::Plan;
use crate::service::process::Service;
use crate::service::servers::Kind;
use crate::service::wire::{Load, Requests, run};

/// What is asked of a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// A token for a client itself.
    ClientCredentials,
    /// Whether a token is active.
    Introspection,
}

impl Operation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::ClientCredentials, Self::Introspection];

    /// In the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client credentials",
            Self::Introspection => "introspection",
        }
    }
}

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    /// In the table.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The process.
    pub service: Service,
    /// Live tokens of its.
    pub tokens: Vec<String>,
}

impl Running {
    /// Starts a server and has it issue so many tokens.
    pub fn start(plan: &Plan, name: &'static str, kind: &Kind, tokens: usize) -> io::Result<Self> {
        let service = kind.start(plan.core, &plan.memory)?;
        let tokens = kind.fill(&service, tokens, plan.patience)?;
        Ok(Self { name, kind: kind.clone(), service, tokens })
    }

    fn requests(&self, operation: Operation) -> Requests {
        match operation {
            Operation::ClientCredentials => self.kind.client_credentials(),
            Operation::Introspection => self.kind.introspection(&self.tokens),
        }
    }
}

/// What one server did in one row.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// The server.
    pub name: &'static str,
    /// Right responses per second, by round.
    pub rates: Vec<f64>,
    /// Milliseconds within which half of the requests was answered, by round.
    pub p50: Vec<f64>,
    /// Milliseconds within which 99 of 100 requests were answered, by round.
    pub p99: Vec<f64>,
    /// The server's CPU, in microseconds for each right response, by round.
    pub cpu: Vec<f64>,
    /// The server's memory at the end, in MB.
    pub memory: u64,
    /// Whatever was not right.
    pub faults: Vec<String>,
}

/// One line of a table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was asked.
    pub operation: Operation,
    /// How many live tokens there were at least.
    pub live: usize,
    /// How many connections asked.
    pub connections: usize,
    /// One for each server; the first is the one that is judged.
    pub cells: Vec<Cell>,
}

impl Row {
    /// The first server's rate ÷ that of another: the median of the ratios by round.
    pub fn ratio(&self, to: &str) -> Option<f64> {
        let ours = self.cells.first()?;
        let theirs = self.cells.iter().find(|cell| cell.name == to)?;
        Some(median(ours.rates.iter().zip(&theirs.rates).map(|(ours, theirs)| ours / theirs)))
    }
}

/// The one in the middle; not a number, if there is none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle.wrapping_sub(1)), values.get(middle)) {
        (0, Some(below), Some(above)) => f64::midpoint(*below, *above),
        (_, _, Some(value)) => *value,
        _ => f64::NAN,
    }
}

/// Gives each server its turn, round after round.
pub fn row(plan: &Plan, servers: &[Running], operation: Operation, live: usize, connections: usize) -> io::Result<Row> {
    let mut cells: Vec<Cell> = servers.iter().map(|it| Cell { name: it.name, ..Cell::default() }).collect();
    let requests: Vec<Requests> = servers.iter().map(|server| server.requests(operation)).collect();
    for (server, requests) in servers.iter().zip(&requests) {
        run(server.service.address, requests, Load::new(connections, plan.warm_up))?;
        server.service.settle();
    }
    for round in 0..plan.rounds {
        for turn in 0..servers.len() {
            let at = (round + turn) % servers.len();
            let (Some(server), Some(requests), Some(cell)) = (servers.get(at), requests.get(at), cells.get_mut(at))
            else {
                continue;
            };
            let before = server.service.cpu();
            let outcome = run(server.service.address, requests, Load::new(connections, plan.slice))?;
            let used = server.service.cpu().saturating_sub(before);
            // What is left of a turn is not to fall on the next one.
            server.service.settle();
            cell.rates.push(outcome.rate());
            cell.p50.push(outcome.quantile(0.5));
            cell.p99.push(outcome.quantile(0.99));
            cell.cpu.push(used.as_secs_f64() * 1e6 / outcome.right as f64);
            let faults = outcome.faults();
            if !faults.is_empty() {
                cell.faults.push(faults);
            }
        }
    }
    for (server, cell) in servers.iter().zip(&mut cells) {
        cell.memory = server.service.memory();
    }
    let row = Row { operation, live, connections, cells };
    eprintln!("{}", super::report::line(&row));
    Ok(row)
}
