package main

// steps are all steps, in the order of the page; chaos runs its own in this order.
var steps []step

func init() { // the steps' functions refer to the list
	steps = []step{
		{"chaos", "overload", "Overload", `A server with the built-in model, and an open loop of requests over gRPC and HTTP at random times
(Poisson). The peak is the highest goodput of callers that wait for their answers, measured before and
after. Goodput counts the pairs that were answered before the end of the load, without its first sixth.
Latency counts from the moment at which a request was due.`, overload},
		{"chaos", "abandoned", "Callers who leave", `Five times the peak, from callers who leave after 1.2 × the objective. Half of them send their
deadline, over gRPC; half do not. Pairs that went into batches, by the server's count, less the pairs
whose scores reached their callers.`, abandonedRequests},
		{"soak", "soak", "Soak", `Requests at fixed times, at 80 % of the peak. Memory is that of the process, sampled every second
after the warm-up; the regression is over means of 10 s. The server collects its garbage every 10 s:
otherwise the next collection, which may be minutes away, would hide everything else. At the end the
callers close their connections.`, soak},
		{"chaos", "accounting", "Every request is accounted for", `Good, wrong, refused and abandoned requests, counted by the callers and by ` + "`/metrics`" + `.`, account},
		{"chaos", "million", "A million of them", "The server with a fake engine that knows in advance how each request ends.", million},
		{"chaos", "cancellations", "Cancellations", "Callers over gRPC and HTTP who leave at a random moment within 40 ms.", cancellations},
		{"chaos", "sigterm", "The end", `A request is accepted when the server's scorer takes it and does not refuse it, however it ends. The
server counts these and logs the number in its last line. A request is lost if no caller got its
scores. Each time a new server is stopped 50 to 350 ms after it is ready, while eight callers send one
request after another.`, sigterm},
		{"chaos", "abuse", "Abuse", `Steady callers with a short pair 50 times per second, while others attack. Calm and attack alternate.
The margin is that of the two P99s, by resampling.`, abuse},
		{"chaos", "network", "A network that fails", "Callers with a deadline of one second and up to three retries, behind a proxy that breaks their connections.", network},
		{"fleet", "fleet", "A fleet", `Three servers, each in a network namespace of its own behind a bridge, and one client of
` + "`dns:///`" + ` with up to three retries and without hedging, which sends a steady rate of requests. A server is
slowed to a quarter of its speed by suspending it three quarters of the time, so that a quarter of a
healthy one's share is its due; killed by SIGKILL; or cut off by taking its link down, without a word
to anybody. A rolling restart stops each server by SIGTERM and waits until its successor gets requests.
A server that is added to the name has its share once it answers at least half as many requests in two
seconds as the others on average. All requests are alike. The fleet has priority over other sessions
of the machine: what else runs there would slow the healthy servers, and the slow one less, which is
suspended meanwhile.`, testFleet},
		{"chaos", "tests", "Go tests", "What needs an engine or a file that fails on demand.", tests},
		{"chaos", "fuzz", "Fuzzing", "Each fuzz target of the tree, from its seeds and its recorded inputs.", fuzz},
	}
}
