//! Files at random, the same ones in every run.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed};

/// Fields that the generated files use.
pub(crate) const USED: [&str; 5] = ["api_key", "api_user", "product", "base_url", "pending_id"];

pub(crate) fn config(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(0x6d6f_6d6f), failure_persistence: None, ..Config::default() }
}

pub(crate) fn variable(field: &str) -> String {
    format!("MOMO_{}", field.to_ascii_uppercase())
}

/// A piece of a file: whole lines, the last one perhaps without its end.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Foreign(Vec<u8>),
    /// A line of ours as it may stand in a file written by hand: field, value, the quote around it, `\r`.
    Own(&'static str, String, &'static str, bool),
}

impl Piece {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Foreign(bytes) => bytes.clone(),
            Self::Own(field, value, quote, cr) => {
                format!("{}={quote}{value}{quote}{}\n", variable(field), if *cr { "\r" } else { "" })
                    .into_bytes()
            }
        }
    }
}

/// A portable value, shaped like those of a credential or at random.
pub(crate) fn portable() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9._/:@%+,-]{0,40}",
        "[0-9a-f]{32}",
        Just(String::new()),
        Just("https://sandbox.momodeveloper.mtn.com".to_owned()),
    ]
}

fn own(crlf: bool) -> impl Strategy<Value = Piece> {
    let value = prop_oneof![
        2 => portable().prop_map(|value| (value, "")),
        1 => "[ !#-&(-\\[\\]-_a-~]{0,20}".prop_map(|value| (value.replace('$', "x"), "'")),
        1 => "[ !#%&(-\\[\\]-_a-~]{0,20}".prop_map(|value| (value, "\"")),
    ];
    (select(&USED[..]), value, any::<bool>())
        .prop_map(move |(field, (value, quote), cr)| Piece::Own(field, value, quote, cr && crlf))
}

/// Foreign lines that every reader takes for lines of their own.
pub(crate) fn flat() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![
        Just("\n".to_owned()),
        "# [ -~]{0,30}\n",
        "#[ -~é]{0,10}MOMO_API_KEY=[a-z'\"`]{0,5}\r\n".prop_map(|text| text.replace('\\', "/")),
        "[A-Z]{2}X[A-Z_]{0,8}=[a-z0-9/:]{0,10}\r?\n",
        "MOMO_(OTHER|API_KEY_OLD|api_key)=[a-z]{0,5}\n",
        Just("OTHER_API_KEY=theirs\n".to_owned()),
    ]
    .prop_map(String::into_bytes)
    .boxed()
}

/// Foreign lines that dotenv readers and shells take for lines of their own.
pub(crate) fn structured() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![
        3 => flat(),
        1 => "export [A-Z]{2}X=[a-z]{0,5}\n".prop_map(String::into_bytes),
        1 => "[A-Z]{2}X='[a-z #=\"\n]{0,12}(\nMOMO_API_KEY=evil\n)?[a-z\n]{0,3}'\r?\n".prop_map(String::into_bytes),
        1 => "(export )?[A-Z]{2}X=\"[a-z #='\n]{0,12}(\nMOMO_API_USER=evil\n)?(\\\\\")?[a-z$]{0,3}\" # it's\n"
            .prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(|mut bytes| {
            bytes.retain(|b| !matches!(b, 0 | b'\n' | b'\r' | b'\\'));
            // Not the last bytes of U+2028: those begin a line in JavaScript.
            bytes.retain(|b| *b != 0x80);
            [b"# ", bytes.as_slice(), b"\n"].concat()
        }),
    ]
    .boxed()
}

/// Pieces with at most one line per field.
pub(crate) fn pieces(foreign: BoxedStrategy<Vec<u8>>, crlf: bool) -> impl Strategy<Value = Vec<Piece>> {
    let piece = prop_oneof![2 => foreign.prop_map(Piece::Foreign), 1 => own(crlf)];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| {
        let mut seen = Vec::new();
        let mut pieces = pieces;
        pieces.retain(|piece| match piece {
            Piece::Own(field, ..) => {
                !seen.contains(field) && {
                    seen.push(field);
                    true
                }
            }
            Piece::Foreign(_) => true,
        });
        pieces
    })
}

pub(crate) fn text(pieces: &[Piece]) -> Vec<u8> {
    pieces.iter().flat_map(Piece::bytes).collect()
}

/// Text made to confuse readers about where values begin and end.
pub(crate) fn wild() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        4 => select(&[
            "\n", "\n", "\n", "\n", "=", "=", "=", "'", "\"", "`", "\\", "\\\n", "#", " ", "\t", "\r", "\r\n", ":",
            ":\n", "export ", "export\n", "$", "a", "b.c", "FOO", "FOO=", "\nFOO='", "\nFOO=\"", "\nBAR=`", "'\n",
            "\"\n", "\u{2028}", "\u{a0}", "\u{feff}", "\u{b}", "\u{85}", "é",
        ][..]).prop_map(|text| text.as_bytes().to_vec()),
        2 => select(&[
            "\nMOMO_API_KEY=k\n", "\nMOMO_API_USER='u'\n", "\nMOMO_PRODUCT=\n", "MOMO_API_KEY", "MOMO_API_USER=u",
            "\nMOMO_BASE_URL=\"b\"\r\n", "\nMOMO_PENDING_ID=",
        ][..]).prop_map(|text| text.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

/// Fields to set: at least one.
pub(crate) fn changes() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    prop::collection::vec((select(&USED[..]), portable()), 1..4)
}
