package experiment

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/scorertest"
	"github.com/crossrank/crossrank/internal/serverproc"
	"github.com/crossrank/crossrank/internal/state"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
)

// fakeServer is what the test's own program becomes when it is started as `serve`: it listens and
// answers as a crossrank server does, over a fake scorer whose answers take 20 ms.
//
// The environment says what goes wrong: act=serve-die ends the process at the request number 8,
// counted from 1; act=serve-fail refuses every request; act=serve-stall stalls for a second once;
// act=serve-limit refuses what comes at a rate above rateLimit, by the rate that the test posts to
// /rate.
type fakeServer struct {
	crossrankv1.UnimplementedRerankServiceServer
	kind  string
	fake  scorertest.Fake
	calls atomic.Int64
	rate  atomic.Value // float64
	until atomic.Int64 // when a stall ends, in nanoseconds since 1970
	began time.Time
}

const sampleEvery = 50 * time.Millisecond

func serveFake(kind string, asked <-chan os.Signal) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	file := flags.String("config", "", "")
	grpcAddr := flags.String("grpc-addr", "", "")
	httpAddr := flags.String("http-addr", "", "")
	if len(os.Args) < 2 || os.Args[1] != "serve" {
		return fmt.Errorf("started as %q", os.Args)
	}
	if err := flags.Parse(os.Args[2:]); err != nil {
		return err
	}
	settings, err := config.Load(*file)
	if err != nil {
		return err
	}
	if why := config.Unsupported(settings); len(why) > 0 {
		return fmt.Errorf("not a server's settings: %s", fmt.Sprint(why))
	}
	s := &fakeServer{kind: kind, began: time.Now()}
	s.fake.Name = settings.Model
	s.fake.Delay = 20 * time.Millisecond

	listenGRPC, err := net.Listen("tcp", *grpcAddr)
	if err != nil {
		return err
	}
	listenHTTP, err := net.Listen("tcp", *httpAddr)
	if err != nil {
		return err
	}
	g := grpc.NewServer()
	crossrankv1.RegisterRerankServiceServer(g, s)
	go g.Serve(listenGRPC)
	pages := http.NewServeMux()
	pages.HandleFunc("/", s.history)
	pages.HandleFunc("POST /api/experiment", s.told)
	pages.HandleFunc("POST /rate", s.setRate)
	go http.Serve(listenHTTP, pages)
	if err := json.NewEncoder(os.Stdout).Encode(serverproc.Addresses{
		GRPC: listenGRPC.Addr().String(), HTTP: listenHTTP.Addr().String(), Model: settings.Model,
	}); err != nil {
		return err
	}
	<-asked
	fmt.Fprintln(os.Stderr, "drained")
	return nil
}

func (s *fakeServer) Score(ctx context.Context, in *crossrankv1.ScoreRequest) (*crossrankv1.ScoreResponse, error) {
	call := s.calls.Add(1)
	if s.kind == "serve-die" && call == 8 {
		fmt.Fprintln(os.Stderr, "out of memory")
		os.Exit(7)
	}
	if s.kind == "serve-stall" {
		s.stall(call)
	}
	rate, _ := s.rate.Load().(float64)
	if s.kind == "serve-fail" || s.kind == "serve-limit" && rate > rateLimit {
		return nil, status.Error(codes.ResourceExhausted, "the queue is full")
	}
	req := &crossrank.Request{Raw: in.GetOptions().GetRaw()}
	for _, p := range in.GetPairs() {
		req.Pairs = append(req.Pairs, crossrank.Pair{Query: p.GetQuery(), Passage: p.GetPassage()})
	}
	resp, err := s.fake.Score(ctx, req)
	if err != nil {
		return nil, status.FromContextError(err).Err()
	}
	return &crossrankv1.ScoreResponse{
		Scores: resp.Scores, ScoreType: string(resp.ScoreType), Model: resp.Model,
		Usage:  &crossrankv1.Usage{Tokens: int64(resp.Usage.Tokens), PaddedTokens: int64(resp.Usage.PaddedTokens)},
		Timing: &crossrankv1.Timing{ComputeNs: int64(resp.Timing.Compute), TotalNs: int64(resp.Timing.Total)},
	}, nil
}

// stall holds up every request for a second once, from the fortieth on.
func (s *fakeServer) stall(call int64) {
	if call == 40 {
		s.until.Store(time.Now().Add(time.Second).UnixNano())
	}
	time.Sleep(time.Until(time.Unix(0, s.until.Load())))
}

func (s *fakeServer) Info(context.Context, *crossrankv1.InfoRequest) (*crossrankv1.InfoResponse, error) {
	info := s.fake.Info()
	return &crossrankv1.InfoResponse{Model: info.Model, Weights: info.Weights, Backend: info.Backend}, nil
}

// rateLimit is the highest rate, in requests per second, at which act=serve-limit answers.
const rateLimit = 30

func (s *fakeServer) setRate(w http.ResponseWriter, r *http.Request) {
	var rate float64
	if err := json.NewDecoder(r.Body).Decode(&rate); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.rate.Store(rate)
}

// told writes the progress of the experiment that it gets into the log.
func (s *fakeServer) told(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(os.Stderr, "told %s %q %v\n", body, r.Header.Get("X-Crossrank-Experiment"), err)
}

// history makes up the samples of all intervals that have passed.
func (s *fakeServer) history(w http.ResponseWriter, r *http.Request) {
	since, err := time.Parse(time.RFC3339, r.URL.Query().Get("since"))
	if err != nil || r.URL.Path != "/api/history" {
		http.Error(w, fmt.Sprintf("%s: %v", r.URL, err), http.StatusBadRequest)
		return
	}
	var reply struct {
		IntervalMS int            `json:"interval_ms"`
		Samples    []state.Sample `json:"samples"`
	}
	reply.IntervalMS = int(sampleEvery.Milliseconds())
	for at := s.began.Add(sampleEvery); at.Before(time.Now()); at = at.Add(sampleEvery) {
		if at.After(since) {
			reply.Samples = append(reply.Samples, state.Sample{Time: at, IntervalS: sampleEvery.Seconds(), CPUPct: new(150.0), StealPct: new(12.5)})
		}
	}
	json.NewEncoder(w).Encode(reply)
}
