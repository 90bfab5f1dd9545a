//! The sandbox with real programs, in every mode that a machine may force on it. Needs root and the toolchain of every language.

mod attacks;
mod bounds;
mod caches;
mod cases;
mod languages;
mod leftovers;
mod programs;
mod support;
mod talk;
mod terminal;
mod terminal_attacks;
mod terminal_changes;
