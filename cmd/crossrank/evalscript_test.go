package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// sameFigures: samefigures FILE SYSTEM FILE SYSTEM holds that two systems of evaluations have the
// same means and intervals.
func sameFigures(ts *testscript.TestScript, _ bool, args []string) {
	var figures [2]any
	for i := range figures {
		var e struct {
			Systems []struct{ Measures map[string]any }
		}
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[2*i])), &e))
		n, err := strconv.Atoi(args[2*i+1])
		ts.Check(err)
		figures[i] = e.Systems[n].Measures
		if len(e.Systems[n].Measures) < 5 {
			ts.Fatalf("%s has the measures %v", args[2*i], figures[i])
		}
	}
	if !reflect.DeepEqual(figures[0], figures[1]) {
		ts.Fatalf("system %s of %s has %v, system %s of %s has %v", args[1], args[0], figures[0], args[3], args[2], figures[1])
	}
}

// collection: collection DIR N writes a collection of N queries, each with ten documents.
func collection(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var documents, queries, judgments strings.Builder
	for i := range n {
		fmt.Fprintf(&queries, "%d\tword%d of a query\n", i, i)
		fmt.Fprintf(&judgments, "%d\t%d-0\t1\n", i, i)
		for k := range 10 {
			fmt.Fprintf(&documents, "{\"id\": \"%d-%d\", \"text\": \"word%d and a passage of some words\"}\n", i, k, i)
		}
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	for name, text := range map[string]string{"docs.jsonl": documents.String(), "queries.tsv": queries.String(), "qrels.tsv": judgments.String()} {
		ts.Check(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
}
