// Package importtest holds the rule of who may import whom, and nothing that runs.
//
// The project is a stack. Words and file formats lie at the bottom, the mathematics above them,
// then the engine, the pipeline, the gRPC and HTTP edges, and at the top the command that wires
// everything together. An import may only point down that stack, and only along the lines that the
// table in this package's test draws. The test reads the sources itself, whatever their build tags:
// a test that asked the go command for its answer would be served yesterday's from the test cache.
//
// When the test complains, the usual remedy is to move code, not to add a line to the table. When a
// line is right, it goes into the table and into ARCHITECTURE.md, which the test compares.
package importtest
