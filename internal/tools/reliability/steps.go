package main

// steps are all that is measured, in the order of the page; chaos runs its own in this order.
var steps []step

func init() { // the steps' functions know of the list
	steps = []step{
		{"chaos", "overload", "Overload", `A server with the built-in model, callers over gRPC and HTTP, the requests of an open loop at random times (Poisson). The peak is
the highest goodput of callers that wait for their answers, before and after; goodput counts the pairs that were answered in time for the
load's end, without its first sixth. Latency counts from the moment in which a request was due.`, overload},
		{"chaos", "abandoned", "Callers who leave", `Five times the load, from callers who leave after 1.2 × the objective: half of them have told their deadline, over gRPC, half have not. Pairs
that went into batches, by the server's count, less those that callers got scores of.`, abandonedRequests},
		{"soak", "soak", "Soak", `Requests at fixed times, at 80 % of the peak. Memory is that of the process, every second, the warm-up left out; means over 10 s make the regression. The
server is asked for a collection of its garbage every 10 s, or the next one, which may be minutes away, would hide all else. At the end the callers close
their connections.`, soak},
		{"chaos", "accounting", "Every request is accounted for", `Good requests, wrong ones, refused ones and ones whose callers leave, counted by the callers and by ` + "`/metrics`" + `.`, account},
		{"chaos", "million", "A million of them", "The server with a fake engine whose requests' ends are known beforehand.", million},
		{"chaos", "cancellations", "Cancellations", "Callers over gRPC and HTTP who leave at a random moment within 40 ms.", cancellations},
		{"chaos", "sigterm", "The end", `A request is accepted when the server's scorer has taken it and has not refused it, whatever became of it; the server itself counts them and tells the number in the last
line of its log. It is lost if no caller got its scores. Each time a new server is ended 50 to 350 ms after it is ready, with eight callers on it who send one request after another.`, sigterm},
		{"chaos", "abuse", "Abuse", `Steady callers with a short pair 50 times a second, while others attack. Calm and attack take turns; the margin is that of the two P99s, by resampling.`, abuse},
		{"chaos", "network", "A network that fails", "Callers with a deadline of one second and up to three more tries, behind a proxy that lets their connections go wrong.", network},
		{"chaos", "tests", "Go tests", "What needs an engine or a file that fails on demand.", tests},
		{"chaos", "fuzz", "Fuzzing", "Each fuzz target of the tree, from its seeds and what was found before.", fuzz},
	}
}
