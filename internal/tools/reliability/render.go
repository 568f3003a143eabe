package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// page is the part of docs/reliability.md between the markers.
func page(records []record) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	verdicts := map[string]int{}
	var runs []run
	for _, g := range goals {
		if r, ok := find(records, g.key); ok {
			verdicts[g.verdict(r)]++
			if !slices.Contains(runs, r.Run) {
				runs = append(runs, r.Run)
			}
		} else {
			verdicts[notRun]++
		}
	}
	line("Of %d goals %d are %s, %d %s, %d %s and %d %s.", len(goals), verdicts[reached], reached, verdicts[missed], missed,
		verdicts[notShown], notShown, verdicts[notRun], notRun)
	for _, s := range steps {
		line("\n### %s\n\n%s\n", s.title, s.how)
		line("| what | target | reached | verdict | more | run |\n|---|---|---:|---|---|---:|")
		for _, g := range goals {
			if g.step == s.name {
				line("%s", row(g, records, runs))
			}
		}
	}
	if len(runs) > 0 {
		line("\n### Runs\n")
	}
	for i, r := range runs {
		m := r.Machine
		line("%d. %s, `%s`; crossrank %s%s; %d cores of %s (%s; %s; %s).", i+1, r.Date.UTC().Format("2006-01-02 15:04 UTC"), r.Command,
			r.Version, at(r.Commit), m.Cores, orNA(m.CPU), orNA(m.Caches), m.OS, m.Go)
	}
	return b.String()
}

func row(g goal, records []record, runs []run) string {
	r, ok := find(records, g.key)
	if !ok {
		return fmt.Sprintf("| %s | %s | n/a | %s | | |", g.what, g.target, notRun)
	}
	verdict := g.verdict(r)
	if verdict == missed || verdict == notShown {
		verdict = "**" + verdict + "**"
	}
	if r.Partial {
		verdict += " (partial)"
	}
	more := r.Note
	if r.Fault != "" {
		more = strings.TrimPrefix(more+"; ", "; ") + r.Fault
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %d |", g.what, g.target, g.figure(r), verdict,
		strings.NewReplacer("|", "/", "\n", " ").Replace(more), 1+slices.Index(runs, r.Run))
}

func find(records []record, key string) (record, bool) {
	i := slices.IndexFunc(records, func(r record) bool { return r.Goal == key })
	if i < 0 {
		return record{}, false
	}
	return records[i], true
}

func at(commit string) string {
	if commit == "" {
		return ""
	}
	return " at " + commit
}

func orNA(s string) string {
	if s == "" {
		return "n/a"
	}
	return s
}

// part is what the commands make in docs/reliability.md.
const part = docgen.Part("make soak, make chaos and make fleet")
