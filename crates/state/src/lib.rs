//! What is wanted: View, Transaction, the single writer and its stores.
