//go:build !linux

package main

// forgetStart does nothing where pages are not known.
func forgetStart() {}
