//! What a person at the terminal sees: headings, the pulse of long steps, durations, tables. Runs nothing itself.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Announces what happens next.
pub fn heading(text: &str) {
    end_pulse();
    println!("{} {text}", paint("1;36", "==>"));
}

/// Says something about the step that was announced.
pub fn note(text: &str) {
    end_pulse();
    println!("    {text}");
}

/// Names what went wrong, with every cause below it.
pub fn failure(error: &anyhow::Error) {
    end_pulse();
    eprintln!("{} {error}", paint("1;31", "error:"));
    for cause in error.chain().skip(1) {
        eprintln!("    {} {cause}", paint("31", "because"));
    }
}

/// Passes one line of a running tool on.
pub fn passed_on(line: &str) {
    end_pulse();
    println!("    {} {line}", paint("2", "|"));
}

/// Shows that a long step is alive: one line that renews itself on a terminal, a line now and then in a log.
pub fn pulse(elapsed: Duration, last_words: &str) {
    let words: String = last_words.trim().chars().take(90).collect();
    let text = format!("    {} {}  {words}", paint("2", "..."), duration(elapsed));
    if on_terminal() {
        print!("\r\x1b[K{text}");
        _ = io::stdout().flush();
    } else {
        println!("{text}");
    }
}

/// How often `pulse` is worth calling here.
pub fn pulse_interval() -> Duration {
    if on_terminal() { Duration::from_millis(500) } else { Duration::from_secs(15) }
}

pub fn duration(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0..10 => format!("{:.1} s", elapsed.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Prints rows under a header; every column but the first is aligned to the right.
pub fn table<const COLUMNS: usize>(header: [&str; COLUMNS], rows: &[[String; COLUMNS]]) {
    end_pulse();
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].len()]).max().unwrap_or(0)
    });
    let line = |cells: [&str; COLUMNS]| {
        let mut text = String::from("   ");
        for (column, (cell, width)) in cells.into_iter().zip(widths).enumerate() {
            text += &if column == 0 { format!(" {cell:<width$}") } else { format!("  {cell:>width$}") };
        }
        println!("{}", text.trim_end());
    };
    line(header);
    for row in rows {
        line(row.each_ref().map(String::as_str));
    }
}

/// A line as it reads when nobody paints it.
pub fn without_colours(line: &str) -> String {
    let mut pieces = line.split("\x1b[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('m').map_or(piece, |(_, rest)| rest))
}

pub fn on_terminal() -> bool {
    io::stdout().is_terminal()
}

fn end_pulse() {
    if on_terminal() {
        print!("\r\x1b[K");
        _ = io::stdout().flush();
    }
}

fn paint(style: &str, text: &str) -> String {
    if on_terminal() { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_people() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(13_628_908), "13,628,908");
        assert_eq!(duration(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(duration(Duration::from_secs(252)), "4 min 12 s");
    }
}
