//! RE2's syntax in that of the crate `regex-lite`, which knows ASCII alone and reads some texts differently.
//!
//! Every literal and class is written out as code points. Source: RE2, "Syntax"; what RE2 refuses is refused. `tests/it/regex.rs`
//! holds it against RE2 itself.

use std::iter::Peekable;
use std::str::Chars;

use super::unicode::{category, orbits, same_but_for_case};
use crate::diag::{Code, Error, Invariant, Result};

/// How often RE2 repeats something at most, also something that is repeated in itself.
const REPEATS: u32 = 1000;

const DIGIT: &[(u32, u32)] = &[(48, 57)];
const SPACE: &[(u32, u32)] = &[(9, 10), (12, 13), (32, 32)];
const WORD: &[(u32, u32)] = &[(48, 57), (65, 90), (95, 95), (97, 122)];

/// The pattern as `regex-lite` reads it.
///
/// # Errors
/// `invalid-value` where RE2 refuses it, `unsupported-syntax` for what RE2 has and this has not.
pub(super) fn translated(pattern: &str) -> Result<String> {
    let mut translator = Translator {
        pattern,
        rest: pattern.chars().peekable(),
        out: String::new(),
        folds: false,
        groups: Vec::new(),
    };
    let mut last = Last::default();
    while let Some(c) = translator.rest.next() {
        last = translator.item(c, last)?;
    }
    match translator.groups.is_empty() {
        true => Ok(translator.out),
        false => Err(translator.invalid("a parenthesis is not closed")),
    }
}

struct Translator<'p> {
    pattern: &'p str,
    rest: Peekable<Chars<'p>>,
    out: String,
    /// Whether case is ignored.
    folds: bool,
    /// What holds behind each open parenthesis: whether case is ignored, and the largest number of repetitions before it.
    groups: Vec<(bool, u32)>,
}

/// What stands before the place that is read.
#[derive(Clone, Copy)]
struct Last {
    kind: Kind,
    /// How often it is repeated in all.
    repeats: u32,
    /// The largest such number since the last open parenthesis.
    most: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    Atom,
    Repeated,
}

impl Default for Last {
    fn default() -> Self {
        Self { kind: Kind::Nothing, repeats: 1, most: 1 }
    }
}

impl Last {
    fn atom(self) -> Self {
        Self { kind: Kind::Atom, repeats: 1, most: self.most }
    }

    fn nothing(self) -> Self {
        Self { kind: Kind::Nothing, ..self }
    }
}

impl Translator<'_> {
    #[cold]
    fn invalid(&self, what: &str) -> Error {
        Error::new(Code::InvalidValue, format!("{:?} is not a regular expression: {what}", self.pattern))
            .hint("write patterns as raw strings, r'…', where a backslash stands for itself")
    }

    #[cold]
    fn unsupported(&self, what: &str) -> Error {
        Error::new(Code::UnsupportedSyntax, format!("{what} is not supported in a regular expression"))
            .hint("write the characters out, as ranges: [а-яё]")
    }

    fn item(&mut self, c: char, last: Last) -> Result<Last> {
        match c {
            '\\' => return self.escape(last),
            '[' => self.class()?,
            '(' => return self.group(last),
            ')' => {
                let (folds, most) = self.groups.pop().ok_or_else(|| self.invalid("a `)` closes nothing"))?;
                self.folds = folds;
                self.out.push(')');
                return Ok(Last { kind: Kind::Atom, repeats: last.most, most: most.max(last.most) });
            }
            '|' => {
                self.out.push('|');
                return Ok(last.nothing());
            }
            '*' | '+' | '?' => return self.repeated(&c.to_string(), 1, last),
            '{' => match self.counts()? {
                Some((written, most)) => return self.repeated(&written, most, last),
                None => self.literal(c),
            },
            '^' | '$' | '.' => self.out.push(c),
            c => self.literal(c),
        }
        Ok(last.atom())
    }

    /// One repetition, with the `?` that makes it lazy.
    fn repeated(&mut self, written: &str, count: u32, last: Last) -> Result<Last> {
        match last.kind {
            Kind::Nothing => return Err(self.invalid(&format!("nothing stands before `{written}`"))),
            Kind::Repeated => return Err(self.invalid(&format!("`{written}` repeats a repetition"))),
            Kind::Atom => {}
        }
        let repeats = last.repeats.saturating_mul(count.max(1));
        if repeats > REPEATS {
            return Err(self.invalid(&format!("more than {REPEATS} repetitions")));
        }
        self.out.push_str(written);
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        Ok(Last { kind: Kind::Repeated, repeats, most: last.most.max(repeats) })
    }

    /// `{n}`, `{n,}` or `{n,m}` behind the brace, and its largest number; `None` where the brace stands for itself.
    fn counts(&mut self) -> Result<Option<(String, u32)>> {
        let ahead: String = self.rest.clone().take_while(|c| c.is_ascii_digit() || *c == ',').collect();
        let closed = self.rest.clone().nth(ahead.len()) == Some('}');
        let (least, most) = ahead.split_once(',').unwrap_or((&ahead, &ahead));
        if !closed || least.is_empty() || most.contains(',') {
            return Ok(None);
        }
        let number = |digits: &str| digits.parse::<u32>().ok().filter(|number| *number <= REPEATS);
        let too_many = || self.invalid(&format!("more than {REPEATS} repetitions, or fewer than at least"));
        let least = number(least).ok_or_else(too_many)?;
        let most = if most.is_empty() {
            least
        } else {
            number(most).filter(|most| *most >= least).ok_or_else(too_many)?
        };
        self.rest.nth(ahead.len());
        Ok(Some((format!("{{{ahead}}}"), most)))
    }

    /// What stands behind `(`: flags, names, or the group itself.
    fn group(&mut self, last: Last) -> Result<Last> {
        let inner = Last { kind: Kind::Nothing, repeats: 1, most: 1 };
        if self.rest.next_if_eq(&'?').is_none() {
            self.groups.push((self.folds, last.most));
            self.out.push('(');
            return Ok(inner);
        }
        let ahead: String = self.rest.clone().collect();
        let behind_name = ahead.strip_prefix("P<").or_else(|| ahead.strip_prefix('<'));
        if let Some((name, _)) = behind_name.and_then(|name| name.split_once('>')) {
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return Err(self.invalid(&format!("{name:?} cannot be a group's name")));
            }
            // SQL's functions know groups by number alone.
            while self.rest.next_if(|c| *c != '>').is_some() {}
            self.rest.next();
            self.groups.push((self.folds, last.most));
            self.out.push('(');
            return Ok(inner);
        }
        self.flags(last, inner)
    }

    /// `i-s:` or `i)` behind `(?`.
    fn flags(&mut self, last: Last, inner: Last) -> Result<Last> {
        let (mut set, mut cleared) = (String::new(), String::new());
        let (mut folds, mut negated, mut any) = (self.folds, false, false);
        loop {
            match self.rest.next() {
                Some('i') => folds = !negated,
                Some(flag @ ('m' | 's' | 'U')) => {
                    let flags = if negated { &mut cleared } else { &mut set };
                    if !flags.contains(flag) {
                        flags.push(flag);
                    }
                }
                Some('-') if !negated => {
                    (negated, any) = (true, false);
                    continue;
                }
                Some(end @ (':' | ')')) if any || end == ':' && !negated => {
                    set.retain(|flag| !cleared.contains(flag));
                    let cleared = if cleared.is_empty() { cleared } else { format!("-{cleared}") };
                    let flags = format!("(?{set}{cleared}{end}");
                    if end == ':' {
                        self.groups.push((self.folds, last.most));
                        self.out.push_str(&flags);
                        self.folds = folds;
                        return Ok(inner);
                    }
                    if flags.len() > 3 {
                        self.out.push_str(&flags);
                    }
                    self.folds = folds;
                    return Ok(last.nothing());
                }
                _ => return Err(self.invalid("`(?` is followed by none of RE2's flags and groups")),
            }
            any = true;
        }
    }

    /// A backslash outside of a class.
    fn escape(&mut self, last: Last) -> Result<Last> {
        match self.rest.peek().copied() {
            Some('Q') => {
                self.rest.next();
                return self.quoted(last);
            }
            Some(c @ ('b' | 'B' | 'A' | 'z')) => {
                self.rest.next();
                self.out.push('\\');
                self.out.push(c);
            }
            Some('C') => return Err(self.unsupported("\\C, a byte,")),
            _ => match self.class_escape()? {
                Some(ranges) => self.ranges(&ranges, false),
                None => {
                    let c = self.character()?;
                    self.literal(c);
                }
            },
        }
        Ok(last.atom())
    }

    /// What stands behind `\Q`, up to `\E` or the end.
    fn quoted(&mut self, mut last: Last) -> Result<Last> {
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                break;
            }
            self.literal(c);
            last = last.atom();
        }
        Ok(last)
    }

    /// The code points of `\d`, `\pL` and so on behind a backslash; `None` for a single character.
    fn class_escape(&mut self) -> Result<Option<Vec<(u32, u32)>>> {
        let Some(&c) = self.rest.peek() else { return Err(self.invalid("it ends with a backslash")) };
        let ranges = match c {
            'd' | 'D' => DIGIT.to_vec(),
            's' | 'S' => SPACE.to_vec(),
            'w' | 'W' => WORD.to_vec(),
            'p' | 'P' => {
                self.rest.next();
                return self.property(c == 'P').map(Some);
            }
            _ => return Ok(None),
        };
        self.rest.next();
        Ok(Some(self.signed(ranges, c.is_ascii_uppercase())))
    }

    /// A Unicode class behind `\p` or `\P`.
    fn property(&mut self, mut negated: bool) -> Result<Vec<(u32, u32)>> {
        let mut name = match self.rest.next() {
            Some('{') => {
                let name: String = self.rest.by_ref().take_while(|c| *c != '}').collect();
                name
            }
            Some(c) => c.to_string(),
            None => return Err(self.invalid("\\p names no class")),
        };
        if let Some(bare) = name.strip_prefix('^') {
            negated = !negated;
            name = bare.to_owned();
        }
        let ranges = match name.as_str() {
            "Any" => vec![(0, 0x10_FFFF)],
            "LC" | "L&" | "Cn" => return Err(self.unsupported(&format!("the class \\p{{{name}}}"))),
            name => category(name).ok_or_else(|| self.unsupported(&format!("the class \\p{{{name}}}")))?,
        };
        Ok(self.signed(ranges, negated))
    }

    /// The class, or all other code points; where case is ignored, the class has every case.
    fn signed(&self, mut ranges: Vec<(u32, u32)>, negated: bool) -> Vec<(u32, u32)> {
        if self.folds {
            fold(&mut ranges);
        }
        if negated { complement(ranges) } else { ranges }
    }

    /// A single character behind a backslash.
    fn character(&mut self) -> Result<char> {
        let c = self.rest.next().ok_or_else(|| self.invalid("it ends with a backslash"))?;
        let code = match c {
            'a' => 7,
            't' => 9,
            'n' => 10,
            'v' => 11,
            'f' => 12,
            'r' => 13,
            'x' => self.hexadecimal()?,
            '0'..='7' => self.octal(c)?,
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => c.into(),
            c => return Err(self.invalid(&format!("`\\{c}` is no escape"))),
        };
        char::from_u32(code).ok_or_else(|| self.invalid("an escape is beyond Unicode"))
    }

    fn hexadecimal(&mut self) -> Result<u32> {
        let digits: String = match self.rest.next_if_eq(&'{') {
            Some(_) => self.rest.by_ref().take_while(|c| *c != '}').collect(),
            None => self.rest.by_ref().take(2).collect(),
        };
        let valid = !digits.starts_with('+')
            && (digits.len() >= 2 || self.pattern.contains(&format!("{{{digits}}}")));
        u32::from_str_radix(&digits, 16)
            .ok()
            .filter(|_| valid)
            .ok_or_else(|| self.invalid("`\\x` has no hexadecimal code"))
    }

    /// Up to three octal digits, two at least unless the first is 0.
    fn octal(&mut self, first: char) -> Result<u32> {
        let mut code = first.to_digit(8).invariant("an octal digit")?;
        let mut count = 1;
        while let Some(digit) = self.rest.peek().and_then(|c| c.to_digit(8)).filter(|_| count < 3) {
            self.rest.next();
            code = code * 8 + digit;
            count += 1;
        }
        if first == '0' || count > 1 {
            Ok(code)
        } else {
            Err(self.invalid("it refers to a group that was found, as no RE2 pattern can"))
        }
    }

    /// A class behind its `[`.
    fn class(&mut self) -> Result<()> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges = Vec::new();
        let mut is_first = true;
        loop {
            let Some(c) = self.rest.next() else { return Err(self.invalid("a `[` is not closed")) };
            let low = match c {
                ']' if !is_first => break,
                '[' if self.rest.peek() == Some(&':') => {
                    ranges.extend(self.named_class()?);
                    None
                }
                '\\' => match self.class_escape()? {
                    Some(class) => {
                        ranges.extend(class);
                        None
                    }
                    None => Some(self.character()?),
                },
                c => Some(c),
            };
            is_first = false;
            let Some(low) = low else { continue };
            let high = self.end_of_range(low)?;
            if high < low {
                return Err(self.invalid(&format!("the range {low}-{high} is empty")));
            }
            ranges.push((low.into(), high.into()));
        }
        if self.folds {
            fold(&mut ranges);
        }
        self.ranges(&ranges, negated);
        Ok(())
    }

    /// The last character of a range that begins with `low`: itself where there is no `-`, or one that stands for itself.
    fn end_of_range(&mut self, low: char) -> Result<char> {
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']')) {
            return Ok(low);
        }
        self.rest.next();
        match self.rest.next() {
            Some('\\') => match self.class_escape()? {
                None => self.character(),
                Some(_) => Err(self.invalid("a range ends with a class")),
            },
            Some(high) => Ok(high),
            None => Err(self.invalid("a `[` is not closed")),
        }
    }

    /// `[:alpha:]` behind its first bracket.
    fn named_class(&mut self) -> Result<Vec<(u32, u32)>> {
        self.rest.next();
        let negated = self.rest.next_if_eq(&'^').is_some();
        let name: String = self.rest.by_ref().take_while(|c| *c != ':').collect();
        let ranges: &[(u32, u32)] = match name.as_str() {
            _ if self.rest.next() != Some(']') => return Err(self.invalid("a class `[:` is not closed")),
            "alnum" => &[(48, 57), (65, 90), (97, 122)],
            "alpha" => &[(65, 90), (97, 122)],
            "ascii" => &[(0, 127)],
            "blank" => &[(9, 9), (32, 32)],
            "cntrl" => &[(0, 31), (127, 127)],
            "digit" => DIGIT,
            "graph" => &[(33, 126)],
            "lower" => &[(97, 122)],
            "print" => &[(32, 126)],
            "punct" => &[(33, 47), (58, 64), (91, 96), (123, 126)],
            "space" => &[(9, 13), (32, 32)],
            "upper" => &[(65, 90)],
            "word" => WORD,
            "xdigit" => &[(48, 57), (65, 70), (97, 102)],
            name => return Err(self.invalid(&format!("there is no class [:{name}:]"))),
        };
        Ok(self.signed(ranges.to_vec(), negated))
    }

    fn literal(&mut self, c: char) {
        let folds = if self.folds { same_but_for_case(c) } else { &[] };
        match folds {
            [] => push_code(c.into(), &mut self.out),
            folds => {
                let ranges: Vec<_> = folds.iter().map(|c| (u32::from(*c), u32::from(*c))).collect();
                self.ranges(&ranges, false);
            }
        }
    }

    /// A class of these code points.
    fn ranges(&mut self, ranges: &[(u32, u32)], negated: bool) {
        self.out.push_str(if negated { "[^" } else { "[" });
        for (low, high) in joined(ranges.to_vec()) {
            push_code(low, &mut self.out);
            self.out.push('-');
            push_code(high, &mut self.out);
        }
        self.out.push(']');
    }
}

fn push_code(code: u32, out: &mut String) {
    out.push_str(&format!("\\x{{{code:X}}}"));
}

/// Sorted, without overlaps, and without surrogates.
fn joined(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
    for (low, high) in ranges {
        match joined.last_mut() {
            Some((_, end)) if low <= end.saturating_add(1) => *end = high.max(*end),
            _ => joined.push((low, high)),
        }
    }
    let around = |(low, high): (u32, u32)| [(low, high.min(0xD7FF)), (low.max(0xE000), high)];
    joined.into_iter().flat_map(around).filter(|(low, high)| low <= high).collect()
}

/// Adds the other cases of what is in the ranges.
fn fold(ranges: &mut Vec<(u32, u32)>) {
    *ranges = joined(std::mem::take(ranges));
    let holds = |c: &char| {
        let code = u32::from(*c);
        let later = ranges.partition_point(|(low, _)| *low <= code);
        later.checked_sub(1).and_then(|index| ranges.get(index)).is_some_and(|(_, high)| code <= *high)
    };
    let orbits: Vec<_> = orbits().values().filter(|members| members.iter().any(holds)).flatten().collect();
    ranges.extend(orbits.into_iter().map(|c| (u32::from(*c), u32::from(*c))));
}

/// All other code points.
fn complement(ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    let mut others = Vec::new();
    let mut next = 0;
    for (low, high) in joined(ranges) {
        if next < low {
            others.push((next, low - 1));
        }
        next = high + 1;
    }
    if next <= 0x10_FFFF {
        others.push((next, 0x10_FFFF));
    }
    others
}
