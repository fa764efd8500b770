-- Times are UTC text (2026-01-31T12:00:00Z). AUTOINCREMENT: an id is never used twice.
-- Ids of events, comments and reviews come from here, so that a timeline is in order by id.
CREATE TABLE IF NOT EXISTS tickets (number INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, login TEXT NOT NULL UNIQUE COLLATE NOCASE,
    type TEXT NOT NULL, token TEXT UNIQUE, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS repositories (
    id INTEGER PRIMARY KEY AUTOINCREMENT, owner_id INTEGER NOT NULL REFERENCES users(id),
    owner TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL COLLATE NOCASE, description TEXT,
    private INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0,
    default_branch TEXT NOT NULL, delete_branch_on_merge INTEGER NOT NULL DEFAULT 0,
    allow_merge_commit INTEGER NOT NULL DEFAULT 1, allow_squash_merge INTEGER NOT NULL DEFAULT 1,
    allow_rebase_merge INTEGER NOT NULL DEFAULT 1, pushing_user_id INTEGER,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, pushed_at TEXT,
    UNIQUE (owner, name));
CREATE TABLE IF NOT EXISTS redirects (
    owner TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL COLLATE NOCASE,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    PRIMARY KEY (owner, name));
CREATE TABLE IF NOT EXISTS known_refs (
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    ref TEXT NOT NULL, sha TEXT NOT NULL, PRIMARY KEY (repo_id, ref));
CREATE TABLE IF NOT EXISTS collaborators (
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users(id), permission TEXT NOT NULL,
    PRIMARY KEY (repo_id, user_id));
CREATE TABLE IF NOT EXISTS protections (
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    branch TEXT NOT NULL, settings TEXT NOT NULL, PRIMARY KEY (repo_id, branch));
CREATE TABLE IF NOT EXISTS labels (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    name TEXT NOT NULL COLLATE NOCASE, color TEXT NOT NULL, description TEXT,
    UNIQUE (repo_id, name));
CREATE TABLE IF NOT EXISTS issues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    number INTEGER NOT NULL, title TEXT NOT NULL, body TEXT, state TEXT NOT NULL DEFAULT 'open',
    state_reason TEXT, author_id INTEGER NOT NULL REFERENCES users(id),
    is_pull INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, closed_at TEXT,
    closed_by_id INTEGER REFERENCES users(id), UNIQUE (repo_id, number));
CREATE TABLE IF NOT EXISTS issue_labels (
    issue_id INTEGER NOT NULL REFERENCES issues(id) ON DELETE CASCADE,
    label_id INTEGER NOT NULL REFERENCES labels(id) ON DELETE CASCADE,
    PRIMARY KEY (issue_id, label_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS issue_labels_label ON issue_labels (label_id);
CREATE TABLE IF NOT EXISTS assignees (
    issue_id INTEGER NOT NULL REFERENCES issues(id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users(id),
    PRIMARY KEY (issue_id, user_id)) WITHOUT ROWID;
-- Every body an issue had, the first one too, once it was edited.
CREATE TABLE IF NOT EXISTS edits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id INTEGER NOT NULL REFERENCES issues(id) ON DELETE CASCADE,
    editor_id INTEGER NOT NULL REFERENCES users(id), body TEXT, edited_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS edits_issue ON edits (issue_id);
CREATE TABLE IF NOT EXISTS comments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id INTEGER NOT NULL REFERENCES issues(id) ON DELETE CASCADE,
    author_id INTEGER NOT NULL REFERENCES users(id), body TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS comments_issue ON comments (issue_id);
CREATE TABLE IF NOT EXISTS comment_edits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    comment_id INTEGER NOT NULL REFERENCES comments(id) ON DELETE CASCADE,
    editor_id INTEGER NOT NULL REFERENCES users(id), edited_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS comment_edits_comment ON comment_edits (comment_id);
CREATE TABLE IF NOT EXISTS reactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    comment_id INTEGER NOT NULL REFERENCES comments(id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users(id), content TEXT NOT NULL,
    created_at TEXT NOT NULL, UNIQUE (comment_id, user_id, content));
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    issue_id INTEGER NOT NULL REFERENCES issues(id) ON DELETE CASCADE,
    kind TEXT NOT NULL, actor_id INTEGER NOT NULL REFERENCES users(id),
    created_at TEXT NOT NULL, commit_id TEXT, data TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS events_issue ON events (issue_id);
CREATE INDEX IF NOT EXISTS events_repo ON events (repo_id);
CREATE TABLE IF NOT EXISTS pulls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id INTEGER NOT NULL UNIQUE REFERENCES issues(id) ON DELETE CASCADE,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    head_ref TEXT NOT NULL, head_sha TEXT NOT NULL, base_ref TEXT NOT NULL,
    base_sha TEXT NOT NULL, draft INTEGER NOT NULL DEFAULT 0, merged_at TEXT,
    merged_by_id INTEGER REFERENCES users(id), merge_commit_sha TEXT);
CREATE INDEX IF NOT EXISTS pulls_repo ON pulls (repo_id, head_ref);
CREATE TABLE IF NOT EXISTS review_requests (
    pull_id INTEGER NOT NULL REFERENCES pulls(id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users(id),
    PRIMARY KEY (pull_id, user_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reviews (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pull_id INTEGER NOT NULL REFERENCES pulls(id) ON DELETE CASCADE,
    author_id INTEGER NOT NULL REFERENCES users(id), state TEXT NOT NULL, body TEXT NOT NULL,
    commit_id TEXT NOT NULL, submitted_at TEXT);
CREATE TABLE IF NOT EXISTS review_comments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pull_id INTEGER NOT NULL REFERENCES pulls(id) ON DELETE CASCADE,
    review_id INTEGER NOT NULL REFERENCES reviews(id) ON DELETE CASCADE, reply_to_id INTEGER,
    author_id INTEGER NOT NULL REFERENCES users(id), path TEXT NOT NULL, line INTEGER,
    side TEXT NOT NULL, body TEXT NOT NULL, commit_id TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS statuses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    sha TEXT NOT NULL, state TEXT NOT NULL, context TEXT NOT NULL, description TEXT,
    target_url TEXT, creator_id INTEGER NOT NULL REFERENCES users(id), created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS statuses_sha ON statuses (repo_id, sha);
CREATE TABLE IF NOT EXISTS check_suites (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    sha TEXT NOT NULL, branch TEXT, app TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS check_suites_sha ON check_suites (repo_id, sha);
CREATE TABLE IF NOT EXISTS check_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    suite_id INTEGER NOT NULL REFERENCES check_suites(id) ON DELETE CASCADE,
    sha TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, conclusion TEXT,
    details_url TEXT, external_id TEXT, title TEXT, summary TEXT, text TEXT,
    started_at TEXT, completed_at TEXT);
CREATE INDEX IF NOT EXISTS check_runs_sha ON check_runs (repo_id, sha);
CREATE TABLE IF NOT EXISTS workflows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    path TEXT NOT NULL, name TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (repo_id, path));
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    workflow_id INTEGER NOT NULL REFERENCES workflows(id) ON DELETE CASCADE,
    suite_id INTEGER NOT NULL REFERENCES check_suites(id) ON DELETE CASCADE,
    event TEXT NOT NULL, branch TEXT NOT NULL, sha TEXT NOT NULL, title TEXT NOT NULL,
    status TEXT NOT NULL, conclusion TEXT, run_number INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1, pull_number INTEGER,
    actor_id INTEGER NOT NULL REFERENCES users(id),
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, started_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS runs_repo ON runs (repo_id);
CREATE INDEX IF NOT EXISTS runs_status ON runs (status);
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    check_run_id INTEGER NOT NULL REFERENCES check_runs(id) ON DELETE CASCADE,
    key TEXT NOT NULL, name TEXT NOT NULL, attempt INTEGER NOT NULL,
    status TEXT NOT NULL, conclusion TEXT, steps TEXT NOT NULL DEFAULT '[]', log_path TEXT,
    created_at TEXT NOT NULL, started_at TEXT, completed_at TEXT);
CREATE INDEX IF NOT EXISTS jobs_run ON jobs (run_id);
CREATE TABLE IF NOT EXISTS hooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL REFERENCES repositories(id) ON DELETE CASCADE,
    active INTEGER NOT NULL, events TEXT NOT NULL, url TEXT NOT NULL, content_type TEXT NOT NULL,
    secret TEXT, insecure_ssl TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS hooks_repo ON hooks (repo_id);
-- `state` is pending, done or dropped; `body` is what is sent.
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hook_id INTEGER NOT NULL REFERENCES hooks(id) ON DELETE CASCADE,
    guid TEXT NOT NULL, event TEXT NOT NULL, action TEXT, redelivery INTEGER NOT NULL,
    state TEXT NOT NULL, body TEXT NOT NULL, delivered_at TEXT NOT NULL,
    duration REAL NOT NULL DEFAULT 0, status TEXT NOT NULL DEFAULT '',
    status_code INTEGER NOT NULL DEFAULT 0, request_headers TEXT NOT NULL DEFAULT '{}',
    answer_headers TEXT NOT NULL DEFAULT '{}', answer TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS deliveries_hook ON deliveries (hook_id);
CREATE INDEX IF NOT EXISTS deliveries_state ON deliveries (state);
