package serving

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"

	"github.com/crossrank/crossrank/internal/edge"
)

// anyName is the alias that stands for every name.
const anyName = "*"

// names finds the model that a request names. It is safe for concurrent use.
//
// A model answers to its name, to the name in the settings, and to its aliases. A name that no
// model has goes to the model with the alias "*". Where one model is served and no alias is given,
// that is this model: programs that ask for a hosted model by its name work without a change.
type names struct {
	served []string       // of each model, as replies have it
	known  map[string]int // which model a name or an alias means
	other  int            // the model of all other names; -1 = they are refused

	log    *slog.Logger
	mu     sync.Mutex
	warned map[string]bool // other names that the log has, as it has them
}

// maxWarned is the maximum of names that are remembered as logged. Callers choose the names.
const maxWarned = 100

// named is a model's name in the settings, and its aliases.
type named struct {
	name    string
	aliases []string
}

// newNames makes one for models in their order. A name that two of them would have is an error.
func newNames(models []named, log *slog.Logger) (*names, error) {
	n := &names{known: map[string]int{}, other: -1, log: log, warned: map[string]bool{}}
	given := false
	for i, one := range models {
		served := shortName(one.name)
		if _, taken := n.known[served]; taken {
			served = one.name
		}
		n.served = append(n.served, served)
		n.known[served], n.known[one.name] = i, i
	}
	for i, one := range models {
		given = given || len(one.aliases) > 0
		for _, alias := range one.aliases {
			if err := n.alias(alias, i); err != nil {
				return nil, err
			}
		}
	}
	if !given && len(models) == 1 {
		n.other = 0
	}
	return n, nil
}

// alias adds an alias of model i.
func (n *names) alias(alias string, i int) error {
	was, taken := n.known[alias]
	if alias == anyName {
		was, taken = n.other, n.other >= 0
	}
	switch {
	case taken && was != i:
		return fmt.Errorf("aliases: %q of model %s is a name of model %s already; give each name to one model", alias, n.served[i], n.served[was])
	case alias == anyName:
		n.other = i
	default:
		n.known[alias] = i
	}
	return nil
}

// find gives the model of a name; "" is the first. An unknown name is [crossrank.NotFound].
func (n *names) find(asked string) (int, error) {
	if asked == "" {
		return 0, nil
	}
	if i, ok := n.known[asked]; ok {
		return i, nil
	}
	if n.other < 0 {
		return 0, edge.CheckModel(asked, n.served...)
	}
	n.warn(asked)
	return n.other, nil
}

// warn logs once that a name is of no model. The name is all that the log ever has of a request:
// operators need it to give the model an alias.
func (n *names) warn(asked string) {
	name := logged(asked)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.warned[name] || len(n.warned) == maxWarned {
		return
	}
	n.warned[name] = true
	n.log.Warn("a request names a model that is not served; another one answers. List the names of models in aliases to refuse others",
		"asked", name, "answers", n.served[n.other], "other_names", len(n.warned))
}

// logged is a caller's name as the log has it: shortened, and of printable characters.
func logged(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, edge.Abridged(name))
}

// shortName is the name that replies have: the last part of a model's directory, or else the whole
// name, which is one of the hub or of a built-in model.
func shortName(name string) string {
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return name
	}
	full, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	return filepath.Base(full)
}
