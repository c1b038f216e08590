//! Mutations of valid texts.

use bolero::generator::bolero_generator::ValueGenerator;
use bolero::generator::{one_of, one_value_of, produce};

/// Pieces with a meaning in another layer: paths, wildcards, tags, encodings, terminals, and look-alike characters.
const PIECES: [&str; 38] = [
    "", "a", "Z", "0", "-", "--", "_", ".", "..", "/", "//", "\\", "*", "~", "#", ",", ";", ":", "@", "?", "&", "=",
    "%", "%2F", "%2A", "%7E", "%00", "\0", "\n", "\r\n", "\u{7f}", " ", "\"", "é", "а", "１", "\u{200b}", "\u{202e}",
];

/// The length of a repeated piece that exceeds every limit, in characters.
const LONG: usize = 5_000;

/// A change at one position of a text.
type Edit = (u16, Change);

#[derive(Debug, Clone, Copy)]
enum Change {
    Insert(&'static str),
    Repeat(char),
    Remove,
    Upper,
}

/// Generates the texts of `corpus`, unchanged and with a few changes, and random texts.
pub fn text(corpus: &'static [&'static str]) -> impl ValueGenerator<Output = String> {
    let change = || {
        let inserted = one_value_of(PIECES).map_gen(Change::Insert);
        let others = one_value_of([Change::Repeat('a'), Change::Repeat('-'), Change::Remove, Change::Upper]);
        one_of((inserted, others))
    };
    let edit = || (produce::<u16>(), change());
    one_of((
        one_value_of(corpus).map_gen(str::to_owned),
        (one_value_of(corpus), edit()).map_gen(|(text, edit)| edited(text, &[edit])),
        (one_value_of(corpus), edit(), edit()).map_gen(|(text, first, second)| edited(text, &[first, second])),
        produce::<String>(),
    ))
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for &(place, change) in edits {
        let place = usize::from(place) % (characters.len() + 1);
        match change {
            Change::Insert(piece) => drop(characters.splice(place..place, piece.chars())),
            Change::Repeat(character) => drop(characters.splice(place..place, vec![character; LONG])),
            Change::Remove => characters.truncate(place),
            Change::Upper => characters.iter_mut().for_each(char::make_ascii_uppercase),
        }
    }
    characters.into_iter().collect()
}
