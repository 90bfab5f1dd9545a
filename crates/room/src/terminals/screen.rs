//! What is kept of a terminal's output for whoever comes later: its end.

use protocol::limits::TERMINAL_SCROLLBACK_BYTES;

/// Adds output, and drops what is too old: whole lines where there are any, so that no control sequence is cut.
pub(super) fn add(screen: &mut String, data: &str) {
    screen.push_str(data);
    if screen.len() <= TERMINAL_SCROLLBACK_BYTES {
        return;
    }
    let mut from = screen.len() - TERMINAL_SCROLLBACK_BYTES;
    while !screen.is_char_boundary(from) {
        from += 1;
    }
    from += screen[from..].find('\n').map_or(0, |end| end + 1);
    screen.drain(..from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_in_whole_lines_and_characters() {
        let mut screen = String::new();
        add(&mut screen, &"ü".repeat(TERMINAL_SCROLLBACK_BYTES / 2));
        assert_eq!(screen.len(), TERMINAL_SCROLLBACK_BYTES, "at the edge nothing goes");
        add(&mut screen, "x");
        assert!(screen.len() < TERMINAL_SCROLLBACK_BYTES && screen.ends_with("üx"));
        add(&mut screen, "\nsecond\n");
        add(&mut screen, &"y".repeat(TERMINAL_SCROLLBACK_BYTES - 7));
        assert!(screen.starts_with("second\ny"), "{}", &screen[..20]);
    }
}
