package client

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/base"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/serviceconfig"
	"google.golang.org/grpc/status"
)

// When a server is ejected, and for how long.
const (
	ejectWindow = 10 * time.Second // calls are counted in windows of this length
	ejectAfter  = 5                // failed calls in a window
	ejectFirst  = 5 * time.Second  // the first ejection; each further one in a row lasts twice as long
	ejectMost   = 5 * time.Minute
	ejectPicks  = 16 // attempts to pick a server that is not ejected

	// A server is silent if it owes so many answers, has given none for this time, and the others
	// have given so many on average meanwhile.
	silentCalls  = 5
	silentTime   = 500 * time.Millisecond
	silentOthers = 20
)

// ejectPolicy is the name of the policy in grpc's configuration.
const ejectPolicy = "crossrank_outlier_ejection"

func init() { balancer.Register(ejectBuilder{}) }

// ejectBuilder builds a balancing policy that ejects outliers: it leaves the choice of a server to
// another policy, watches how calls end, and chooses again where that policy chose a server that
// fails most of its calls while the others do not.
//
// Note: grpc's own policy (outlier_detection_experimental) is registered only by its support of
// xDS, which makes a program larger by a third. It also counts calls that were refused for their
// contents, for overload, or canceled by the caller; it would eject servers that are busy or have
// impolite callers.
type ejectBuilder struct{}

// ejectConfig is the policy's part of grpc's configuration.
type ejectConfig struct {
	serviceconfig.LoadBalancingConfig `json:"-"`

	Policy     string          `json:"policy"`     // that chooses
	Parameters json.RawMessage `json:"parameters"` // of that policy
	parsed     serviceconfig.LoadBalancingConfig
}

func (ejectBuilder) Name() string { return ejectPolicy }

func (ejectBuilder) ParseConfig(text json.RawMessage) (serviceconfig.LoadBalancingConfig, error) {
	c := &ejectConfig{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, err
	}
	chooser := balancer.Get(c.Policy)
	if chooser == nil {
		return nil, fmt.Errorf("there is no balancing policy %q", c.Policy)
	}
	if parser, ok := chooser.(balancer.ConfigParser); ok {
		var err error
		if c.parsed, err = parser.ParseConfig(c.Parameters); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (ejectBuilder) Build(conn balancer.ClientConn, options balancer.BuildOptions) balancer.Balancer {
	return &ejector{ClientConn: conn, options: options, record: &outcomes{servers: map[string]*server{}}}
}

// ejector is the policy of one connection. It is the connection of the policy that chooses. grpc
// calls its methods as a [balancer.Balancer] one after another.
type ejector struct {
	balancer.ClientConn
	options balancer.BuildOptions
	chooser balancer.Balancer // nil before the first configuration
	record  *outcomes
}

func (e *ejector) UpdateClientConnState(s balancer.ClientConnState) error {
	config, ok := s.BalancerConfig.(*ejectConfig)
	if !ok {
		return balancer.ErrBadResolverState
	}
	if e.chooser == nil {
		e.chooser = balancer.Get(config.Policy).Build(e, e.options) // the client's configuration never changes
	}
	var addresses []string
	for _, endpoint := range s.ResolverState.Endpoints {
		for _, a := range endpoint.Addresses {
			addresses = append(addresses, a.Addr)
		}
	}
	e.record.keep(addresses)
	s.BalancerConfig = config.parsed
	return e.chooser.UpdateClientConnState(s)
}

func (e *ejector) ResolverError(err error) {
	if e.chooser != nil {
		e.chooser.ResolverError(err)
		return
	}
	e.ClientConn.UpdateState(balancer.State{ConnectivityState: connectivity.TransientFailure, Picker: base.NewErrPicker(err)})
}

func (e *ejector) UpdateSubConnState(balancer.SubConn, balancer.SubConnState) {} // grpc calls listeners

func (e *ejector) ExitIdle() {
	if e.chooser != nil {
		e.chooser.ExitIdle()
	}
}

func (e *ejector) Close() {
	if e.chooser != nil {
		e.chooser.Close()
	}
}

// NewSubConn marks a connection with its server.
func (e *ejector) NewSubConn(to []resolver.Address, options balancer.NewSubConnOptions) (balancer.SubConn, error) {
	//lint:ignore SA1019 it is deprecated for several addresses, and has no successor
	conn, err := e.ClientConn.NewSubConn(to, options)
	if err != nil || len(to) != 1 {
		return conn, err
	}
	return &watchedConn{SubConn: conn, server: e.record.server(to[0].Addr)}, nil
}

// UpdateState passes on the chooser's state, with a picker that avoids ejected servers.
func (e *ejector) UpdateState(s balancer.State) {
	s.Picker = &ejectPicker{chooser: s.Picker, record: e.record}
	e.ClientConn.UpdateState(s)
}

// watchedConn is a connection to a server whose calls are counted.
type watchedConn struct {
	balancer.SubConn
	server *server
}

// ejectPicker picks what the chooser picks, unless that is ejected.
type ejectPicker struct {
	chooser balancer.Picker
	record  *outcomes
}

func (p *ejectPicker) Pick(info balancer.PickInfo) (balancer.PickResult, error) {
	for n := 1; ; n++ {
		result, err := p.chooser.Pick(info)
		conn, ok := result.SubConn.(*watchedConn)
		if err != nil || !ok {
			return result, err
		}
		if n < ejectPicks && p.record.ejected(conn.server, time.Now()) {
			continue
		}
		result.SubConn = conn.SubConn
		p.record.begin(conn.server, time.Now())
		done := result.Done
		result.Done = func(info balancer.DoneInfo) {
			p.record.end(conn.server, status.Code(info.Err), time.Now())
			if done != nil {
				done(info)
			}
		}
		return result, nil
	}
}

// outcomes are how the recent calls to each server ended. It is safe for concurrent use.
type outcomes struct {
	mu      sync.Mutex
	servers map[string]*server // by address
	began   time.Time          // of the window
}

// server is guarded by the mutex of its outcomes.
type server struct {
	answered, failed int // calls in this window
	until            time.Time
	times            int // ejections in a row

	running   int       // calls
	silent    time.Time // since when it has given no answer, while calls run
	otherwise int       // answers of the others since then
}

func (o *outcomes) server(address string) *server {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.servers[address] == nil {
		o.servers[address] = &server{}
	}
	return o.servers[address]
}

// keep forgets servers at other addresses.
func (o *outcomes) keep(addresses []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := map[string]*server{}
	for _, a := range addresses {
		if kept[a] = o.servers[a]; kept[a] == nil {
			kept[a] = &server{}
		}
	}
	o.servers = kept
}

func (o *outcomes) ejected(s *server, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return now.Before(s.until)
}

// begin counts a call that begins, and ejects its server if that has been silent for long.
func (o *outcomes) begin(s *server, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.running == 0 {
		s.silent, s.otherwise = now, 0
	}
	s.running++
	if s.running > silentCalls && now.Sub(s.silent) >= silentTime && s.otherwise >= silentOthers*(len(o.servers)-1) {
		o.eject(s, now)
	}
}

// end counts a call that ended with a code, and ejects its server if it is an outlier.
func (o *outcomes) end(s *server, code codes.Code, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.roll(now)
	s.running--
	switch code {
	case codes.Canceled: // by the caller
	case codes.Unavailable, codes.Internal, codes.Unknown, codes.DataLoss, codes.Unimplemented, codes.DeadlineExceeded:
		s.failed++
		if o.isOutlier(s) {
			o.eject(s, now)
		}
	default: // also a refusal, of a wrong or excessive request
		s.answered++
		s.silent, s.otherwise = now, 0
		for _, other := range o.servers {
			if other != s {
				other.otherwise++
			}
		}
	}
}

// eject ejects a server, unless it is ejected already, or half of the servers would be.
func (o *outcomes) eject(s *server, now time.Time) {
	ejected := 1
	for _, one := range o.servers {
		if now.Before(one.until) {
			ejected++
		}
	}
	if now.Before(s.until) || 2*ejected > len(o.servers) {
		return
	}
	s.until = now.Add(min(ejectMost, ejectFirst<<min(s.times, 10)))
	s.times++
	s.answered, s.failed = 0, 0
}

// roll begins a new window when the last one is over. Servers that had no failure in it have
// recovered.
func (o *outcomes) roll(now time.Time) {
	if now.Sub(o.began) < ejectWindow {
		return
	}
	o.began = now
	for _, s := range o.servers {
		if s.answered > 0 && s.failed == 0 {
			s.times = 0
		}
		s.answered, s.failed = 0, 0
	}
}

// isOutlier reports whether s fails at least half of its calls, and at least twice as many of them
// as the others. A failure that all have in common, such as deadlines that are too short, thus
// ejects none.
func (o *outcomes) isOutlier(s *server) bool {
	if s.failed < ejectAfter || s.failed < s.answered {
		return false
	}
	var answered, failed int
	for _, other := range o.servers {
		if other != s {
			answered += other.answered
			failed += other.failed
		}
	}
	return answered > 0 && 2*failed*(s.answered+s.failed) <= s.failed*(answered+failed)
}
