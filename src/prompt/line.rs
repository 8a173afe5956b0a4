//! One typed line, in a buffer that never moves and is wiped.

use zeroize::Zeroizing;

use super::PromptError;

/// Longest answer in bytes. A terminal cuts lines at 4095 without a word: stay below, so that a cut line is seen.
pub(super) const LONGEST: usize = 4000;

/// Bytes of a line as they come from the terminal.
pub(super) struct Line {
    bytes: Zeroizing<Vec<u8>>,
    len: usize,
    whole: bool,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { bytes: Zeroizing::new(vec![0; LONGEST + 1]), len: 0, whole: false }
    }

    /// Where the next bytes go. Never empty while the line is not whole.
    pub(super) fn spare(&mut self) -> &mut [u8] {
        &mut self.bytes[self.len..]
    }

    /// Takes in `count` bytes that were put in `spare`.
    pub(super) fn advance(&mut self, count: usize) -> Result<(), PromptError> {
        let fresh = &self.bytes[self.len..self.len + count];
        if let Some(end) = fresh.iter().position(|&byte| byte == b'\n') {
            self.len += end;
            self.whole = true;
            return Ok(());
        }
        self.len += count;
        if self.len > LONGEST { Err(PromptError::TooLong) } else { Ok(()) }
    }

    /// Whether its end was seen.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The line without its newline, if it is text.
    pub(super) fn text(&self) -> Result<&str, PromptError> {
        match str::from_utf8(&self.bytes[..self.len]) {
            Ok(text) if !text.chars().any(char::is_control) => Ok(text),
            _ => Err(PromptError::NotText),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(parts: &[&[u8]]) -> Result<Line, PromptError> {
        let mut line = Line::new();
        for part in parts {
            line.spare()[..part.len()].copy_from_slice(part);
            line.advance(part.len())?;
        }
        Ok(line)
    }

    #[test]
    fn one_newline_ends_it() {
        let line = typed(&[b"ab", "é c\n".as_bytes()]).unwrap();
        assert!(line.is_whole());
        assert_eq!(line.text().unwrap(), "abé c");
        assert_eq!(typed(&[b"\n"]).unwrap().text().unwrap(), "");
        assert_eq!(typed(&[b"one\ntwo\n"]).unwrap().text().unwrap(), "one");
        assert!(!typed(&[b"ab"]).unwrap().is_whole());
    }

    #[test]
    fn only_text_is_accepted() {
        for bad in ["a\0b\n".as_bytes(), b"a\r\n", b"a\tb\n", b"\x7f\n", b"\xff\n", "\u{9b}\n".as_bytes()] {
            assert!(matches!(typed(&[bad]).unwrap().text(), Err(PromptError::NotText)), "{bad:?}");
        }
    }

    #[test]
    fn length_is_capped() {
        let longest = [&[b'x'; LONGEST][..], b"\n"].concat();
        assert_eq!(typed(&[&longest]).unwrap().text().unwrap().len(), LONGEST);
        assert!(matches!(typed(&[&[b'x'; LONGEST + 1]]), Err(PromptError::TooLong)));
    }
}
