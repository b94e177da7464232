//! What no single package can test.
//!
//! `e2e/` runs the real `yousu` program as a user does, in directories of its own. `rules/` holds the code base to its own
//! rules: which package may know which, which licences and duplicates there are, how long a file may be. `outside/` holds the
//! second opinions: Python programs, standard library only, that count the same things another way.
