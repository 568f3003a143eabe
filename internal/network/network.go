// Package network describes a neural network as plain data, and the sequences that one reads.
//
// It computes nothing and reads no files.
package network
