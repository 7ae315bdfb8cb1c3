package main

// usageError says that the program was called in a wrong way: exit status 2.
type usageError struct{ error }
