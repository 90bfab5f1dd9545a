//! The sandbox with real programs, in every mode that a machine may force on it. Needs root, Python, Node and GCC.

mod attacks;
mod bounds;
mod leftovers;
mod programs;
mod support;
