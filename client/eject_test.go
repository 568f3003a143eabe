package client

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// call counts a call that ends as soon as it has begun.
func (o *outcomes) call(s *server, code codes.Code, now time.Time) {
	o.begin(s, now)
	o.end(s, code, now)
}

// TestOutliers feeds the ends of calls to the rule that ejects servers.
func TestOutliers(t *testing.T) {
	ok, away := codes.OK, codes.Unavailable
	all := func(code codes.Code, n int) []codes.Code { return slices.Repeat([]codes.Code{code}, n) }
	mixed := slices.Concat(all(ok, 30), all(away, 10))
	tests := []struct {
		name    string
		calls   [][]codes.Code // of each server; those of the first one come last
		ejected bool           // the first one
	}{
		{"fails everything", [][]codes.Code{all(away, 5), all(ok, 5), all(ok, 5)}, true},
		{"of two", [][]codes.Code{all(away, 5), all(ok, 5)}, true},
		{"does not know the service", [][]codes.Code{all(codes.Unimplemented, 5), all(ok, 5)}, true},
		{"never answers in time", [][]codes.Code{all(codes.DeadlineExceeded, 5), all(ok, 5)}, true},
		{"too few calls", [][]codes.Code{all(away, 4), all(ok, 50), all(ok, 50)}, false},
		{"the only one", [][]codes.Code{all(away, 50)}, false},
		{"the others got no calls", [][]codes.Code{all(away, 50), nil, nil}, false},
		{"all fail", [][]codes.Code{all(away, 50), all(away, 4), all(away, 4)}, false},
		{"all miss their deadlines", [][]codes.Code{all(codes.DeadlineExceeded, 9), all(codes.DeadlineExceeded, 4)}, false},
		{"a quarter of its calls", [][]codes.Code{mixed, all(ok, 40), all(ok, 40)}, false},
		{"wrong requests", [][]codes.Code{all(codes.InvalidArgument, 50), all(ok, 5), all(ok, 5)}, false},
		{"overloaded", [][]codes.Code{all(codes.ResourceExhausted, 50), all(ok, 5), all(ok, 5)}, false},
		{"callers leave", [][]codes.Code{all(codes.Canceled, 50), all(ok, 5), all(ok, 5)}, false},
		{"half of the servers fail already", [][]codes.Code{all(away, 50), all(away, 50), all(ok, 50)}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := &outcomes{servers: map[string]*server{}}
			now := time.Now()
			var servers []*server
			for i := range test.calls {
				servers = append(servers, o.server(string(rune('a'+i))))
			}
			for i := len(servers) - 1; i >= 0; i-- {
				for _, code := range test.calls[i] {
					o.call(servers[i], code, now)
				}
			}
			if got := o.ejected(servers[0], now); got != test.ejected {
				t.Errorf("ejected: %t, want %t", got, test.ejected)
			}
		})
	}
}

// TestEjectionEnds: a server comes back, stays away twice as long if it fails again, and as short
// as at first once it has recovered.
func TestEjectionEnds(t *testing.T) {
	o := &outcomes{servers: map[string]*server{}}
	bad, good := o.server("bad"), o.server("good")
	now := time.Now()
	fail := func() {
		o.call(good, codes.OK, now)
		for range ejectAfter {
			o.call(bad, codes.Internal, now)
		}
	}
	expect := func(what string, away time.Duration) {
		t.Helper()
		if !o.ejected(bad, now.Add(away-1)) || o.ejected(bad, now.Add(away)) {
			t.Errorf("%s: ejected until %v from now, want %v", what, bad.until.Sub(now), away)
		}
	}
	fail()
	expect("at first", ejectFirst)
	now = now.Add(ejectFirst)
	fail()
	expect("again", 2*ejectFirst)
	for range 20 {
		now = bad.until
		fail()
	}
	expect("for the 22nd time", ejectMost)

	now = bad.until.Add(ejectWindow)
	o.call(bad, codes.OK, now) // a window without failures
	now = now.Add(ejectWindow)
	fail()
	expect("after its recovery", ejectFirst)
}

// TestSilentServers: a server that gives no answers while the others do is ejected before any of
// its calls ends.
func TestSilentServers(t *testing.T) {
	tests := []struct {
		name         string
		calls        int           // that the server does not answer
		others       int           // answers of each of the others
		over         time.Duration // the time of these
		answer, last bool          // the server gives one answer at the end; its last call begins after that
		ejected      bool
	}{
		{"cut off", 6, 20, time.Second, false, true, true},
		{"few calls", 5, 100, time.Minute, false, true, false},
		{"the others are as slow", 100, 19, time.Minute, false, true, false},
		{"only a moment", 100, 1000, silentTime - 1, false, true, false},
		{"slow", 100, 1000, time.Minute, true, true, false},
		{"nobody calls it any more", 5, 1000, time.Minute, false, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := &outcomes{servers: map[string]*server{}}
			mute, a, b := o.server("mute"), o.server("a"), o.server("b")
			now := time.Now()
			for range test.calls - 1 {
				o.begin(mute, now)
			}
			now = now.Add(test.over)
			for range test.others {
				o.call(a, codes.OK, now)
				o.call(b, codes.OK, now)
			}
			if test.answer {
				o.end(mute, codes.OK, now)
			}
			if test.last {
				o.begin(mute, now)
			}
			if got := o.ejected(mute, now); got != test.ejected {
				t.Errorf("ejected: %t, want %t", got, test.ejected)
			}
		})
	}
}

// TestForgottenServers: servers that are no longer in the list do not count, and the others keep
// their record.
func TestForgottenServers(t *testing.T) {
	o := &outcomes{servers: map[string]*server{}}
	a, b := o.server("a"), o.server("b")
	o.keep([]string{"a", "c"})
	if len(o.servers) != 2 || o.server("a") != a || o.server("b") == b {
		t.Errorf("servers %v after b was replaced by c", o.servers)
	}
}
