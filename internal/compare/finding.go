package compare

import (
	"strings"

	"github.com/crossrank/crossrank/internal/summary"
)

// Finding is one thing that the results of an experiment show.
type Finding struct {
	Topic      string `json:"topic"`
	Experiment string `json:"experiment"` // its name
	Text       string `json:"finding"`    // Markdown
}

// experiment is a summary that questions are asked of.
type experiment struct{ *summary.Summary }

// Findings answers every question that the experiments ask, by topic. A difference is only called
// one where the noise allows it.
func Findings(all []*summary.Summary, chance Noise) []Finding {
	var findings []Finding
	for _, t := range topics {
		for _, s := range all {
			if sentences := t.find(experiment{s}, chance); len(sentences) > 0 {
				findings = append(findings, Finding{t.name, s.Run.Name, strings.Join(sentences, " ")})
			}
		}
	}
	return findings
}
