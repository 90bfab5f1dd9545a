// Generated from crates/protocol by `UPDATE_WIRE=1 cargo test -p protocol`; a test fails when it is stale.

export type RoomId = string;

export type RunId = string;

export type UserId = string;

export type ParticipantId = string;

export type LinkId = string;

export type LoginId = string;

export type SnapshotId = string;

export type TerminalId = string;

export type FilePath = string;

export type ErrorCode = "BAD_REQUEST" | "UNAUTHORIZED" | "FORBIDDEN" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "CONFLICT" | "PRECONDITION_FAILED" | "PAYLOAD_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "VALIDATION_FAILED" | "RATE_LIMIT_EXCEEDED" | "INTERNAL_ERROR" | "UNAVAILABLE";

export type FieldError = { 
/**
 * The field's name, with dots and indexes into nested values (`files[0].path`).
 */
field: string, 
/**
 * What is wrong with it and what would be right.
 */
message: string, };

export type ErrorBody = { 
/**
 * The word to switch on.
 */
code: ErrorCode, 
/**
 * A sentence for the person in front of the screen.
 */
message: string, 
/**
 * More, by code: `{fields: FieldError[]}` with `VALIDATION_FAILED`.
 */
details?: Record<string, unknown>, };

export type Meta = { 
/**
 * When it was answered, RFC 3339 in UTC.
 */
timestamp: string, 
/**
 * The request's id, as in the logs of every part.
 */
requestId: string, };

export type Page<T> = { 
/**
 * The entries, in the list's order.
 */
items: Array<T>, 
/**
 * What to pass as `cursor` for the next page; absent on the last.
 */
nextCursor?: string, };

export type Role = "viewer" | "editor" | "admin" | "owner";

export type Rights = { 
/**
 * May read files, chat and output, and write chat.
 */
view: boolean, 
/**
 * May change files.
 */
edit: boolean, 
/**
 * May start runs and stop them.
 */
run: boolean, 
/**
 * May open a terminal.
 */
terminal: boolean, };

export type Language = "python" | "javascript" | "typescript" | "java" | "c" | "cpp" | "go" | "rust" | "bash";

export type LanguageInfo = { 
/**
 * The word used in requests.
 */
id: Language, 
/**
 * For display.
 */
name: string, 
/**
 * Of the toolchain in the runner's image.
 */
version: string, 
/**
 * Of its files, without the dot.
 */
extension: string, 
/**
 * The file that is run unless another is named.
 */
entry: string, 
/**
 * A program that prints hello.
 */
helloWorld: string, 
/**
 * Flags of its compiler that a run may ask for. A later one wins over an earlier one that contradicts it.
 */
flags: Array<string>, };

export type Languages = { 
/**
 * Every language.
 */
items: Array<LanguageInfo>, };

export type User = { 
/**
 * The account's id.
 */
id: UserId, 
/**
 * Unique, 3 to 30 letters, digits or underscores.
 */
username: string, 
/**
 * Unique.
 */
email: string, 
/**
 * True once somebody has opened the link that was mailed there.
 */
emailVerified: boolean, 
/**
 * Platform roles: `user`, `admin`.
 */
roles: Array<string>, 
/**
 * What the account's limits go by.
 */
tier: Tier, 
/**
 * True if a login asks for a code of an authenticator.
 */
secondFactor: boolean, 
/**
 * When somebody last logged in.
 */
lastLoginAt?: number, 
/**
 * When it was registered.
 */
createdAt: number, };

export type RegisterRequest = { 
/**
 * 3 to 30 letters, digits or underscores.
 */
username: string, 
/**
 * An address of RFC 5322.
 */
email: string, 
/**
 * At least 8 characters, with upper case, lower case and a digit.
 */
password: string, };

export type LoginRequest = { 
/**
 * The account's address.
 */
email: string, 
/**
 * The account's password.
 */
password: string, 
/**
 * A code of the authenticator, or one of the recovery codes, where a second factor is set up.
 */
totp?: string, 
/**
 * Keep the login for 7 days from its last use, instead of 24 hours.
 */
remember?: boolean, };

export type RefreshRequest = { 
/**
 * The opaque refresh token.
 */
refreshToken?: string, };

export type UpdateMeRequest = { 
/**
 * A new username.
 */
username?: string, };

export type ChangePasswordRequest = { 
/**
 * The password that is in force.
 */
currentPassword: string, 
/**
 * The one to replace it.
 */
newPassword: string, };

export type Session = { 
/**
 * Who.
 */
user: User, 
/**
 * Bearer for 15 minutes.
 */
accessToken: string, 
/**
 * When the access token expires.
 */
expiresAt: number, 
/**
 * Only with `X-Refresh-Transport: body`; browsers get a cookie.
 */
refreshToken?: string, 
/**
 * A secret for `X-Session-ID`, for programs that do not want to renew tokens. Only with
 * `X-Refresh-Transport: body`, and only when the login begins.
 */
sessionId?: string, };

export type Me = { 
/**
 * Who.
 */
user: User, };

export type Tier = "anonymous" | "free" | "pro" | "enterprise";

export type Login = { 
/**
 * Names the login; it opens nothing.
 */
id: LoginId, 
/**
 * What the client called itself (`User-Agent`), shortened.
 */
device?: string, 
/**
 * The address it began from.
 */
address: string, 
/**
 * When it began.
 */
createdAt: number, 
/**
 * When its tokens were last renewed.
 */
lastUsedAt: number, 
/**
 * When it ends unless it is used before.
 */
expiresAt: number, 
/**
 * When it was ended. Only in the export: the list has the open ones.
 */
endedAt?: number, 
/**
 * True for the login that asks.
 */
current: boolean, };

export type EndedLogins = { 
/**
 * How many were ended.
 */
ended: number, };

export type ForgotPasswordRequest = { 
/**
 * The account's address.
 */
email: string, };

export type ResetPasswordRequest = { 
/**
 * The token of the mail: works once, for an hour.
 */
token: string, 
/**
 * The password to come.
 */
newPassword: string, };

export type VerifyEmailRequest = { 
/**
 * The token of the mail.
 */
token: string, };

export type DeleteAccountRequest = { 
/**
 * The account's password.
 */
password: string, };

export type AccountExport = { 
/**
 * When it was put together.
 */
exportedAt: number, 
/**
 * The account.
 */
user: User, 
/**
 * When it was suspended, if it is.
 */
suspendedAt?: number, 
/**
 * Its logins, newest first, ended ones among them: those are forgotten when they would have expired.
 */
logins: Array<Login>, 
/**
 * Its API keys, newest first.
 */
apiKeys: Array<ApiKey>, };

export type TotpSetup = { 
/**
 * The secret in base32, for typing it in.
 */
secret: string, 
/**
 * The same as an `otpauth://` address.
 */
otpauthUrl: string, 
/**
 * That address as a QR code: an SVG document, to be scaled up. A module is as wide as a pixel.
 */
qrSvg: string, };

export type ConfirmTotpRequest = { 
/**
 * What the authenticator shows.
 */
code: string, };

export type DisableTotpRequest = { 
/**
 * The account's password.
 */
password: string, };

export type RenewRecoveryCodesRequest = { 
/**
 * What the authenticator shows.
 */
code: string, };

export type RecoveryCodes = { 
/**
 * Each works once in place of a code.
 */
recoveryCodes: Array<string>, };

export type Scope = "rooms:read" | "rooms:write" | "runs";

export type ApiKey = { 
/**
 * Names the key; it opens nothing. What hangs on the key hangs on it as on a login.
 */
id: LoginId, 
/**
 * What its owner calls it.
 */
name: string, 
/**
 * The first characters of the key, to tell keys apart.
 */
prefix: string, 
/**
 * What it may be used for.
 */
scopes: Array<Scope>, 
/**
 * When it was made, or rotated.
 */
createdAt: number, 
/**
 * When it was last used, to the hour.
 */
lastUsedAt?: number, 
/**
 * When it stops working, if ever.
 */
expiresAt?: number, };

export type CreateApiKeyRequest = { 
/**
 * What its owner calls it.
 */
name: string, 
/**
 * At least one.
 */
scopes: Array<Scope>, 
/**
 * When it stops working; never unless said.
 */
expiresAt?: number, };

export type ApiKeySecret = { 
/**
 * The key's record.
 */
apiKey: ApiKey, 
/**
 * The bearer itself. Only its hash is stored: it is shown this once.
 */
secret: string, };

export type ApiKeyAnswer = { 
/**
 * The key's record.
 */
apiKey: ApiKey, };

export type OAuthProvider = { 
/**
 * The word in `GET /auth/oauth/{provider}`, which sends a browser there.
 */
id: string, 
/**
 * What people call it.
 */
name: string, 
/**
 * When the caller's account was linked with it, if it is.
 */
linkedAt?: number, };

export type OAuthProviders = { 
/**
 * Those that are configured.
 */
items: Array<OAuthProvider>, };

export type AdminUser = { 
/**
 * The account.
 */
user: User, 
/**
 * When it was suspended, if it is.
 */
suspendedAt?: number, };

export type UpdateUserRequest = { 
/**
 * Another tier.
 */
tier?: Tier, 
/**
 * Whether the account is an administrator.
 */
admin?: boolean, 
/**
 * Whether the account is suspended: its logins end, and it gets no new one.
 */
suspended?: boolean, };

export type AuditRecord = { 
/**
 * Names the record.
 */
id: string, 
/**
 * When.
 */
at: number, 
/**
 * What was done, such as `login.opened` or `link.revoked`.
 */
action: string, 
/**
 * Whose account it touched, if one.
 */
user?: UserId, 
/**
 * What it was done to, such as `room:…`.
 */
subject: string, 
/**
 * More, by action; never a secret.
 */
details: Record<string, unknown>, };

export type Visibility = "private" | "link" | "public";

export type ForkedFrom = { 
/**
 * The other room.
 */
room: RoomId, 
/**
 * The position of its log that was copied.
 */
position: number, };

export type Room = { 
/**
 * The room's id.
 */
id: RoomId, 
/**
 * Unique, readable, made of the name.
 */
slug: string, 
/**
 * Shown in the page's head.
 */
name: string, 
/**
 * The language that new files start in.
 */
language?: Language, 
/**
 * Who finds it.
 */
visibility: Visibility, 
/**
 * The asker's role in it.
 */
role: Role, 
/**
 * When it was made.
 */
createdAt: number, 
/**
 * When it goes away, for a guest's room that nobody claims.
 */
expiresAt?: number, 
/**
 * What it was forked from.
 */
forkedFrom?: ForkedFrom, 
/**
 * How many rooms were forked from it.
 */
forks: number, };

export type CreateRoomRequest = { 
/**
 * 1 to 100 characters.
 */
name: string, 
/**
 * The language that new files start in.
 */
language?: Language, 
/**
 * The project that it belongs to.
 */
projectId?: string, 
/**
 * `link` unless said.
 */
visibility?: Visibility, };

export type UpdateRoomRequest = { 
/**
 * 1 to 100 characters.
 */
name?: string, 
/**
 * The language that new files start in.
 */
language?: Language, 
/**
 * Who finds it.
 */
visibility?: Visibility, };

export type ForkRoomRequest = { 
/**
 * 1 to 100 characters; the room's own name unless said.
 */
name?: string, 
/**
 * The position of the log to copy; the newest unless said.
 */
position?: number, };

export type RebuildAnswer = { 
/**
 * The room's generation from now on: tokens of earlier ones open no document any more.
 */
generation: number, };

export type RoomAnswer = { 
/**
 * The room.
 */
room: Room, 
/**
 * Only when a guest made the room, and only then: whoever holds it is the owner.
 */
ownerKey?: string, };

export type JoinRoomRequest = { 
/**
 * The token of a share link.
 */
link?: string, };

export type CreateLinkRequest = { 
/**
 * `viewer` or `editor`.
 */
role: Role, 
/**
 * May start runs; an editor's link may unless said otherwise, a viewer's may not.
 */
run?: boolean, 
/**
 * May open a terminal; no unless said.
 */
terminal?: boolean, 
/**
 * When it stops working.
 */
expiresAt?: number, 
/**
 * How many people may use it; renewals do not count.
 */
maxUses?: number, };

export type Link = { 
/**
 * Names the link, for withdrawing it.
 */
id: LinkId, 
/**
 * What people open. Only in the answer that made the link: the token is stored hashed.
 */
url?: string, 
/**
 * The secret part of the url. Only in the answer that made the link.
 */
token?: string, 
/**
 * The role that it gives.
 */
role: Role, 
/**
 * The rights that it gives.
 */
rights: Rights, 
/**
 * How many people have used it.
 */
uses: number, 
/**
 * How many may.
 */
maxUses?: number, 
/**
 * When it stops working.
 */
expiresAt?: number, 
/**
 * When it was made.
 */
createdAt: number, };

export type LinkAnswer = { 
/**
 * The link, with its token.
 */
link: Link, };

export type RoomTokenRequest = { 
/**
 * The token of a share link.
 */
link?: string, 
/**
 * The key of a guest's room.
 */
ownerKey?: string, 
/**
 * A guest's display name.
 */
name?: string, 
/**
 * A room token of this room that the guest already had: keeps the participant id, and does not count as a
 * further use of the link. It may have expired.
 */
previous?: string, };

export type RoomToken = { 
/**
 * `token` of both sockets, and bearer under this room.
 */
token: string, 
/**
 * The role.
 */
role: Role, 
/**
 * The rights.
 */
rights: Rights, 
/**
 * Who one is in the room.
 */
participantId: ParticipantId, 
/**
 * When the token expires.
 */
expiresAt: number, 
/**
 * The room's generation: a replica of an earlier one has to be thrown away.
 */
generation: number, 
/**
 * The document's socket, without the token: `ws://host/sync/{roomId}`.
 */
syncUrl: string, 
/**
 * The events' socket, without the token: `ws://host/events/{roomId}`.
 */
eventsUrl: string, };

export type RoomFile = { 
/**
 * Its path. Unchecked: a stock client may write any key into the document.
 */
path: string, 
/**
 * Its text.
 */
content: string, };

export type RoomFiles = { 
/**
 * All files, in order of their paths.
 */
items: Array<RoomFile>, 
/**
 * The log position of the last edit in them, or the position that was asked for.
 */
position: number, };

export type PollSession = { 
/**
 * The last segment of the session's address. Only the token that opened it may use it.
 */
session: string, };

export type RunState = "queued" | "running" | "finished" | "failed" | "cancelled";

export type RunReason = "time_limit" | "memory_limit" | "output_limit" | "process_limit" | "disk_limit" | "expired" | "lost" | "internal";

export type Priority = "critical" | "background";

export type Waiting = { 
/**
 * Runs before it.
 */
ahead: number | null, 
/**
 * Expected seconds until a machine is up, if one has to start.
 */
startingS: number | null, };

export type Verdict = "passed" | "wrong_output" | "runtime_error" | "time_limit" | "memory_limit" | "output_limit" | "process_limit" | "disk_limit";

export type CaseVerdict = { 
/**
 * The case's name or number.
 */
name: string, 
/**
 * The verdict.
 */
verdict: Verdict, 
/**
 * The exit code, unless a signal ended the program or the case is hidden: a program may put into it what it read.
 */
exitCode: number | null, 
/**
 * The signal's name (`SIGKILL`), if one ended it and the case is not hidden.
 */
signal: string | null, 
/**
 * Wall-clock time in milliseconds.
 */
wallMs: number, 
/**
 * Processor time in milliseconds.
 */
cpuMs: number, 
/**
 * Largest resident size seen, in bytes.
 */
memoryBytes: number, 
/**
 * Standard output, as far as kept; not of a hidden case, nor in a list.
 */
stdout?: string, 
/**
 * Standard error, likewise.
 */
stderr?: string, 
/**
 * What was expected, likewise.
 */
expected?: string, };

export type Run = { 
/**
 * The run's id.
 */
id: RunId, 
/**
 * The room that watches, if any.
 */
roomId?: RoomId, 
/**
 * The room's log position that its files were read at.
 */
position?: number, 
/**
 * The language.
 */
language: Language, 
/**
 * The file that was run.
 */
entry: FilePath, 
/**
 * Display name of who started it.
 */
startedBy: string, 
/**
 * True if it takes input while it runs.
 */
interactive: boolean, 
/**
 * Where it stands.
 */
state: RunState, 
/**
 * Why it ended as it did, unless by its own exit.
 */
reason?: RunReason, 
/**
 * Attempts made.
 */
attempt: number, 
/**
 * When it was submitted.
 */
createdAt: number, 
/**
 * When it ended.
 */
endedAt?: number, 
/**
 * The exit code; null while it runs and where a signal ended it.
 */
exitCode: number | null, 
/**
 * The signal that ended it.
 */
signal: string | null, 
/**
 * Standard output, once it has ended.
 */
stdout: string, 
/**
 * Standard error, once it has ended.
 */
stderr: string, 
/**
 * True if more was written than is kept.
 */
truncated: boolean, 
/**
 * Wall-clock time.
 */
wallMs: number | null, 
/**
 * Processor time.
 */
cpuMs: number | null, 
/**
 * Largest resident size.
 */
memoryBytes: number | null, 
/**
 * What it waits for; in the answer to its submission and in `run:queued`.
 */
waiting?: Waiting, 
/**
 * What the cases came to, in their order, once a run with cases has ended; empty where the program did not
 * compile. Output, error output and exit code of such a run are the compiler's.
 */
verdicts?: Array<CaseVerdict>, };

export type RunAnswer = { 
/**
 * The run.
 */
run: Run, };

export type SourceFile = { 
/**
 * Where it lies in the work directory.
 */
path: FilePath, 
/**
 * Its text.
 */
content: string, };

export type RunCase = { 
/**
 * For display; the case's number, from 1, unless said.
 */
name?: string, 
/**
 * Standard input.
 */
stdin: string, 
/**
 * Arguments of the program; the run's own unless said.
 */
args?: Array<string>, 
/**
 * Standard output that passes. White space at the ends of lines and at the end of the output does not count, and
 * so neither does the kind of line end; everything else has to be the same, byte for byte.
 */
expected: string, 
/**
 * Whether people see no more of it than its verdict and figures.
 */
hidden: boolean, };

export type RoomRunRequest = { 
/**
 * The language.
 */
language: Language, 
/**
 * The file to run; the language's own entry unless said.
 */
entry?: FilePath, 
/**
 * Standard input.
 */
stdin?: string, 
/**
 * Arguments of the program.
 */
args?: Array<string>, 
/**
 * Flags of the compiler, of those that the language's entry in the table lists.
 */
flags?: Array<string>, 
/**
 * Cases to run the program for, instead of once with `stdin`.
 */
cases?: Array<RunCase>, 
/**
 * True to type into the program while it runs (`run:stdin`). Its input ends only when that says so.
 */
interactive?: boolean, };

export type SubmitRunRequest = { 
/**
 * The language.
 */
language: Language, 
/**
 * The program.
 */
files: Array<SourceFile>, 
/**
 * The file to run; the language's own entry unless said.
 */
entry?: FilePath, 
/**
 * Standard input.
 */
stdin?: string, 
/**
 * Arguments of the program.
 */
args?: Array<string>, 
/**
 * Flags of the compiler, of those that the language's entry in the table lists.
 */
flags?: Array<string>, 
/**
 * Cases to run the program for, instead of once with `stdin`.
 */
cases?: Array<RunCase>, 
/**
 * `critical` unless said.
 */
priority?: Priority, };

export type OutputStream = "stdout" | "stderr";

export type TerminalProgram = { "kind": "shell" } | { "kind": "repl", 
/**
 * The language.
 */
language: Language, };

export type TerminalSize = { 
/**
 * Lines.
 */
rows: number, 
/**
 * Columns.
 */
cols: number, };

export type Terminal = { 
/**
 * Its id.
 */
id: TerminalId, 
/**
 * What runs in it.
 */
program: TerminalProgram, 
/**
 * Its size.
 */
size: TerminalSize, 
/**
 * Who opened it.
 */
openedBy: ParticipantId, 
/**
 * Who may type into it.
 */
keyboard: ParticipantId, 
/**
 * True once a runner has opened it; until then one is being waited for.
 */
isOpen: boolean, };

export type TerminalWithOutput = { 
/**
 * The terminal.
 */
terminal: Terminal, 
/**
 * The end of its output.
 */
output: string, };

export type TerminalEnd = "exited" | "closed" | "idle" | "time_limit" | "memory_limit" | "process_limit" | "disk_limit" | "lost" | "internal";

export type TerminalChange = { 
/**
 * Which.
 */
path: FilePath, 
/**
 * Its text now; nothing if it was deleted.
 */
content: string | null, };

export type EditRecord = { 
/**
 * Size of the updates.
 */
bytes: number, 
/**
 * Yjs updates (v1) in base64, to be applied in order: what one author wrote within some 40 ms.
 */
updates: Array<string>, };

export type HistoryItem = { 
/**
 * Place in the log, from 1.
 */
position: number, 
/**
 * When it was received. Never less than that of the place before.
 */
at: number, 
/**
 * Whose socket delivered it first; nobody for what the room does by itself.
 */
authorId?: ParticipantId, 
/**
 * A change of the document.
 */
edit?: EditRecord, 
/**
 * Anything else, as it was told.
 */
event?: RoomEvent, };

export type Author = { 
/**
 * Who.
 */
id: ParticipantId, 
/**
 * The latest name, or that of an erased author.
 */
name: string, };

export type HistoryPage = { 
/**
 * The places after the one asked for, in order.
 */
items: Array<HistoryItem>, 
/**
 * The names of everybody who ever wrote here.
 */
authors: Array<Author>, 
/**
 * History is kept after this position; 0 while all of it is.
 */
first: number, 
/**
 * The newest position.
 */
last: number, 
/**
 * What to pass as `after` for the next page.
 */
nextCursor?: number, };

export type ChatPage = { 
/**
 * Messages before the one asked for, oldest first.
 */
items: Array<ChatMessage>, 
/**
 * What to pass as `before` for older ones.
 */
nextCursor?: number, };

export type Snapshot = { 
/**
 * Its id.
 */
id: SnapshotId, 
/**
 * What it is called.
 */
name: string, 
/**
 * What it is about.
 */
message?: string, 
/**
 * Who took it.
 */
authorId: ParticipantId, 
/**
 * Their name.
 */
authorName: string, 
/**
 * The log's position then.
 */
position: number, 
/**
 * When.
 */
at: number, };

export type CreateSnapshotRequest = { 
/**
 * 1 to 100 characters.
 */
name: string, 
/**
 * At most 2,000 characters.
 */
message?: string, };

export type SnapshotAnswer = { 
/**
 * The snapshot.
 */
snapshot: Snapshot, };

export type SnapshotPage = { 
/**
 * The newest first.
 */
items: Array<Snapshot>, 
/**
 * What to pass as `cursor` for older ones.
 */
nextCursor?: SnapshotId, };

export type RestoreRequest = { 
/**
 * The moment whose files are wanted back.
 */
position: number, };

export type RestoreAnswer = { 
/**
 * The log's position with the files brought back.
 */
position: number, };

export type MergeRequest = { 
/**
 * The room whose changes are wanted: a fork of this one, or the one that this was forked from.
 */
from: RoomId, 
/**
 * A room token of that room; without one the caller's own bearer has to open it.
 */
fromToken?: string, 
/**
 * Only show what would change.
 */
preview?: boolean, };

export type MergeAnswer = { 
/**
 * What changes here.
 */
diff: DocumentDiff, 
/**
 * The log's position with the merge; nothing for a preview, and where there was nothing to merge.
 */
position?: number, };

export type FileChange = "added" | "removed" | "changed";

export type FileDiff = { 
/**
 * Which.
 */
path: string, 
/**
 * How.
 */
change: FileChange, 
/**
 * Lines that came.
 */
added: number, 
/**
 * Lines that went.
 */
removed: number, 
/**
 * The change in unified form, with three lines around each piece.
 */
unified: string, };

export type DocumentDiff = { 
/**
 * The earlier position.
 */
from: number, 
/**
 * The later position.
 */
to: number, 
/**
 * The files that differ, in order of their paths.
 */
files: Array<FileDiff>, };

export type Participant = { 
/**
 * Who.
 */
id: ParticipantId, 
/**
 * Display name.
 */
name: string, 
/**
 * Role.
 */
role: Role, 
/**
 * True without an account.
 */
guest: boolean, };

export type ChatMessage = { 
/**
 * Place in the chat, from 1.
 */
id: number, 
/**
 * When it was received.
 */
at: number, 
/**
 * Who wrote it.
 */
authorId: ParticipantId, 
/**
 * Their name at that time.
 */
authorName: string, 
/**
 * What.
 */
text: string, 
/**
 * Who is mentioned in it.
 */
mentions?: Array<ParticipantId>, };

export type OutputChunk = { 
/**
 * Place in the attempt's output, from 1.
 */
seq: number, 
/**
 * Which stream.
 */
stream: OutputStream, 
/**
 * Whole characters.
 */
data: string, };

export type RunWithOutput = { 
/**
 * The run. Its `stdout` and `stderr` are empty: `output` has both, in order.
 */
run: Run, 
/**
 * The current attempt's output so far.
 */
output: Array<OutputChunk>, };

export type RoomEvent = { "type": "room:welcome", 
/**
 * Who you are.
 */
you: Participant, 
/**
 * Your role.
 */
role: Role, 
/**
 * Your rights.
 */
rights: Rights, 
/**
 * Who is there, you included.
 */
participants: Array<Participant>, 
/**
 * The latest messages, oldest first.
 */
chat: Array<ChatMessage>, 
/**
 * The latest runs, oldest first.
 */
runs: Array<RunWithOutput>, 
/**
 * The terminals.
 */
terminals: Array<TerminalWithOutput>, 
/**
 * The server's clock.
 */
serverTime: number, 
/**
 * The log is durable up to here.
 */
position: number, } | { "type": "participant:joined", 
/**
 * Who.
 */
participant: Participant, } | { "type": "participant:left", 
/**
 * Who.
 */
participant: Participant, } | { "type": "participant:updated", 
/**
 * As they are now.
 */
participant: Participant, } | { "type": "chat:message", 
/**
 * The message.
 */
message: ChatMessage, } | { "type": "typing", 
/**
 * Who.
 */
participantId: ParticipantId, 
/**
 * Whether they still are.
 */
typing: boolean, } | { "type": "run:queued", 
/**
 * Which.
 */
runId: RunId, 
/**
 * The run.
 */
run: Run, } | { "type": "run:started", 
/**
 * Which.
 */
runId: RunId, 
/**
 * Which attempt.
 */
attempt: number, } | { "type": "run:output", 
/**
 * Which.
 */
runId: RunId, 
/**
 * Place in the attempt's output, from 1.
 */
seq: number, 
/**
 * Which stream.
 */
stream: OutputStream, 
/**
 * Whole characters.
 */
data: string, } | { "type": "run:stdin", 
/**
 * Which.
 */
runId: RunId, 
/**
 * Who.
 */
participantId: ParticipantId, 
/**
 * What.
 */
data: string, 
/**
 * True if that was the end of its input.
 */
end: boolean, } | { "type": "run:finished", 
/**
 * Which.
 */
runId: RunId, 
/**
 * `finished` or `failed`.
 */
state: RunState, 
/**
 * The exit code, unless a signal ended it.
 */
exitCode: number | null, 
/**
 * The signal's name.
 */
signal: string | null, 
/**
 * Why, unless by its own exit.
 */
reason: RunReason | null, 
/**
 * Wall-clock time.
 */
wallMs: number | null, 
/**
 * Processor time.
 */
cpuMs: number | null, 
/**
 * Largest resident size.
 */
memoryBytes: number | null, 
/**
 * True if more was written than is kept.
 */
truncated: boolean, } | { "type": "run:cancelled", 
/**
 * Which.
 */
runId: RunId, } | { "type": "terminal:opened", 
/**
 * Which.
 */
terminalId: TerminalId, 
/**
 * The terminal.
 */
terminal: Terminal, } | { "type": "terminal:output", 
/**
 * Which.
 */
terminalId: TerminalId, 
/**
 * Whole characters, control sequences included.
 */
data: string, } | { "type": "terminal:updated", 
/**
 * Which.
 */
terminalId: TerminalId, 
/**
 * As it is now.
 */
terminal: Terminal, } | { "type": "terminal:changes", 
/**
 * Which.
 */
terminalId: TerminalId, 
/**
 * What differs from the files that were put in.
 */
changes: Array<TerminalChange>, 
/**
 * Files that are not offered, each with the reason.
 */
leftOut: Array<string>, } | { "type": "terminal:closed", 
/**
 * Which.
 */
terminalId: TerminalId, 
/**
 * Why.
 */
reason: TerminalEnd, 
/**
 * The exit code, if its program ended by itself.
 */
exitCode: number | null, } | { "type": "room:saved", 
/**
 * Up to this position.
 */
position: number, 
/**
 * And so many update frames of this token's sync socket are in it.
 */
frames: number, } | { "type": "chat:mention", 
/**
 * The message.
 */
message: ChatMessage, } | { "type": "room:snapshot", 
/**
 * The snapshot.
 */
snapshot: Snapshot, } | { "type": "room:snapshot-deleted", 
/**
 * Which.
 */
snapshotId: SnapshotId, } | { "type": "room:restored", 
/**
 * Who.
 */
authorId: ParticipantId, 
/**
 * The moment whose files came back.
 */
to: number, } | { "type": "room:merged", 
/**
 * Who.
 */
authorId: ParticipantId, 
/**
 * The other room.
 */
from: RoomId, } | { "type": "room:erased", 
/**
 * Whose.
 */
authorId: ParticipantId, 
/**
 * What stands there now.
 */
name: string, } | { "type": "pong" } | { "type": "error", 
/**
 * `type` of what was refused, where it could be read.
 */
regarding?: string, 
/**
 * Why.
 */
error: ErrorBody, };

export type ClientEvent = { "type": "chat:send", 
/**
 * What.
 */
text: string, } | { "type": "typing", 
/**
 * Whether.
 */
typing: boolean, } | { "type": "run:start", 
/**
 * The language.
 */
language: Language, 
/**
 * The file to run; the language's own entry unless said.
 */
entry?: FilePath, 
/**
 * Standard input.
 */
stdin?: string, 
/**
 * Arguments of the program.
 */
args?: Array<string>, 
/**
 * Flags of the compiler, of those that the language's entry in the table lists.
 */
flags?: Array<string>, 
/**
 * Cases to run the program for, instead of once with `stdin`.
 */
cases?: Array<RunCase>, 
/**
 * True to type into the program while it runs (`run:stdin`). Its input ends only when that says so.
 */
interactive?: boolean, } | { "type": "run:cancel", 
/**
 * Which.
 */
runId: RunId, } | { "type": "run:stdin", 
/**
 * Which.
 */
runId: RunId, 
/**
 * What.
 */
data: string, 
/**
 * True to end the program's input.
 */
end?: boolean, } | { "type": "terminal:open", 
/**
 * What runs in it.
 */
program: TerminalProgram, 
/**
 * Its size.
 */
size: TerminalSize, } | { "type": "terminal:input", 
/**
 * Which.
 */
terminalId: TerminalId, 
/**
 * What, control characters included.
 */
data: string, } | { "type": "terminal:resize", 
/**
 * Which.
 */
terminalId: TerminalId, 
/**
 * Its size.
 */
size: TerminalSize, } | { "type": "terminal:keyboard", 
/**
 * Which.
 */
terminalId: TerminalId, 
/**
 * To whom.
 */
to: ParticipantId, } | { "type": "terminal:changes", 
/**
 * Which.
 */
terminalId: TerminalId, } | { "type": "terminal:close", 
/**
 * Which.
 */
terminalId: TerminalId, } | { "type": "ping" };
