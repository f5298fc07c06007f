//! The times as bars, in SVG that is readable on light and on dark pages.

use std::fmt::Write as _;

use crate::batch::LIBRARIES;
use crate::measure::{Samples, Spread};
use crate::scenario::Operation;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}.n{font-size:11px;fill:#57606a}.b0{fill:#afb8c1}\
    .b1{fill:#0969da}.b2{fill:#54aeff}.b3{fill:#bf8700}.b4{fill:#8250df}.s{stroke:#24292f}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.n{fill:#9198a1}.b0{fill:#656c76}.b1{fill:#4493f8}\
    .b2{fill:#79c0ff}.b3{fill:#d29922}.b4{fill:#ab7df8}.s{stroke:#e6edf3}}";
const LEFT: f64 = 250.0;
const WIDTH: f64 = 520.0;
const BAR: f64 = 12.0;
/// Where each library's name is above the bars.
const LEGEND: [f64; LIBRARIES.len()] = [0.0, 80.0, 155.0, 360.0, 445.0];

/// Time per request of each operation, with the quartiles as a line.
pub fn svg(times: &[(Operation, [Option<Samples>; LIBRARIES.len()])]) -> String {
    let spreads =
        |row: &[Option<Samples>; LIBRARIES.len()]| row.each_ref().map(|cell| cell.as_ref().map(Samples::spread));
    let times: Vec<_> = times.iter().map(|(operation, row)| (*operation, spreads(row))).collect();
    let all = times.iter().flat_map(|(_, row)| row.iter().flatten());
    let scale = WIDTH / all.map(|spread| spread.upper.min(spread.median * 1.5)).fold(0.0, f64::max);
    let mut bars = String::new();
    let mut y = 34.0;
    for (index, library) in LIBRARIES.iter().enumerate() {
        let x = LEFT + LEGEND[index];
        let name = library.name;
        let _ = write!(
            bars,
            "<rect class='b{index}' x='{x}' y='8' width='12' height='12'/><text x='{}' y='18'>{name}</text>",
            x + 17.0
        );
    }
    for (operation, row) in &times {
        let rows = row.iter().flatten().count() as f64;
        let _ = write!(
            bars,
            "<text x='{}' y='{}' text-anchor='end'>{}</text>",
            LEFT - 8.0,
            y + rows * BAR / 2.0 + 4.0,
            operation.name()
        );
        for (index, spread) in row.iter().enumerate() {
            let Some(Spread { lower, median, upper }) = spread else { continue };
            let (width, middle) = (median * scale, y + BAR / 2.0);
            let (from, to) = (LEFT + lower * scale, LEFT + (upper * scale).min(WIDTH));
            let _ = write!(
                bars,
                "<rect class='b{index}' x='{LEFT}' y='{y}' width='{width:.1}' height='{}'/>\
                 <path class='s' d='M{from:.1} {middle}H{to:.1}'/><text class='n' x='{:.1}' y='{:.1}'>{:.2} µs</text>",
                BAR - 2.0,
                to.max(LEFT + width) + 6.0,
                y + BAR - 2.5,
                median / 1e3
            );
            y += BAR;
        }
        y += 12.0;
    }
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {} {y}' role='img' aria-label='time per request'>\
         <style>{STYLE}</style>{bars}</svg>\n",
        LEFT + WIDTH + 80.0
    )
}
