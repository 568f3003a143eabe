package hub

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Error is a refusal by the hub, or by a server that it redirects to.
type Error struct {
	Status     int           // of HTTP
	Code       string        // the hub's own word, such as RepoNotFound; may be empty
	Message    string        // the hub's own sentence; may be empty
	RetryAfter time.Duration // how long the server asks to wait; 0 if it does not say

	host     string
	endpoint bool // the endpoint itself answered, not a server that it redirects to
}

func newError(resp *http.Response, endpoint bool) *Error {
	return &Error{
		Status:     resp.StatusCode,
		Code:       printable(resp.Header.Get("X-Error-Code"), 64),
		Message:    printable(resp.Header.Get("X-Error-Message"), 300),
		RetryAfter: retryAfter(resp.Header, time.Now()),
		host:       resp.Request.URL.Host,
		endpoint:   endpoint,
	}
}

// Error implements error.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s answers %d %s", e.host, e.Status, http.StatusText(e.Status))
	if said := cmp.Or(e.Message, e.Code); said != "" {
		text += ": " + said
	}
	return text
}

// mayPass reports whether the same request may succeed later. A server behind a redirect refuses
// when its signed address has expired, so asking the endpoint again helps.
func (e *Error) mayPass() bool {
	return e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout || !e.endpoint
}

// permanent is an error that trying again does not mend.
type permanent struct{ error }

func (p *permanent) Unwrap() error { return p.error }

// printable is text of a stranger, made safe to show: bounded, and without control characters.
func printable(text string, most int) string {
	clean := strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	if len(clean) > most {
		clean = strings.ToValidUTF8(clean[:most], "") + "…"
	}
	return clean
}

// untilReset finds, in the header RateLimit, the seconds until requests are accepted again.
var untilReset = regexp.MustCompile(`;\s*t=(\d+)`)

// retryAfter reads how long to wait: in seconds, as a date, or as the hub's limits of rate say it.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if reset := untilReset.FindStringSubmatch(header.Get("RateLimit")); text == "" && reset != nil {
		text = reset[1]
	}
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// explain says what a refusal means for a model and what to do.
func (c *client) explain(n Name, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.mayPass() {
		return err
	}
	page := c.endpoint.JoinPath(n.Repo).String()
	switch {
	case e.Code == "GatedRepo":
		return fmt.Errorf("it is gated: ask for access at %s, then set HF_TOKEN to a token of that account: %w", page, err)
	case e.Code == "RevisionNotFound":
		return fmt.Errorf("it has no revision %q; %s/tree shows its branches: %w", n.Revision, page, err)
	case e.Code == "EntryNotFound":
		return err
	case e.Status == http.StatusUnauthorized && c.token != "" && e.Code != "RepoNotFound":
		return fmt.Errorf("the token is refused: make a new one at %s and set HF_TOKEN to it: %w",
			c.endpoint.JoinPath("settings/tokens"), err)
	case e.Code == "RepoNotFound" || e.Status == http.StatusUnauthorized || e.Status == http.StatusNotFound:
		advice := "set HF_TOKEN to a token that may read it"
		if c.token != "" {
			advice = "use a token that may read it"
		}
		return fmt.Errorf("there is no such model at %s, or it is private: check the name, or %s: %w", c.endpoint, advice, err)
	}
	return err
}
