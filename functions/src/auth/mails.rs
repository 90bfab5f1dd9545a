//! What the mails say. Tokens stand in the fragment of their links, which browsers send to no server and so no log has.

use crate::ports::accounts::Account;
use crate::ports::mailer::Mail;

/// The mail with which somebody sets a new password.
pub(super) fn reset(account: &Account, origin: &str, token: &str) -> Mail {
    let paragraphs = [
        "Somebody, hopefully you, has asked for a new password for your Tutti account. Open this link within an hour to choose one:",
        "The link works once. If it was not you who asked, there is nothing to do: your password stays as it is.",
    ];
    mail(account, "Choose a new password for Tutti", paragraphs, &format!("{origin}/#reset={token}"))
}

/// The mail with which somebody shows that the address is theirs.
pub(super) fn verify(account: &Account, origin: &str, token: &str) -> Mail {
    let paragraphs = [
        "Please open this link within a day to confirm that this is the address of your Tutti account:",
        "If you have no account, somebody has mistyped their address, and there is nothing to do.",
    ];
    mail(account, "Confirm your address for Tutti", paragraphs, &format!("{origin}/#verify={token}"))
}

fn mail(account: &Account, subject: &str, [before, after]: [&str; 2], link: &str) -> Mail {
    let name = &account.user.username;
    let text = format!("Hello {name},\n\n{before}\n\n{link}\n\n{after}\n");
    // Usernames are letters, digits and underscores, origins and tokens have no character of HTML: nothing to escape.
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><body>\n<p>Hello {name},</p>\n<p>{before}</p>\n<p><a href=\"{link}\">{link}</a></p>\n<p>{after}</p>\n</body></html>\n"
    );
    Mail { to: account.user.email.clone(), subject: subject.to_owned(), text, html }
}
