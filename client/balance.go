package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/balancer/weightedroundrobin" // registers Weighted
	_ "google.golang.org/grpc/health"                      // excludes servers that are not ready from balancing
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// How [Weighted] follows the servers' reports: the time that a server must report before its weight
// is used, and the interval at which weights are computed.
const (
	blackout = time.Second
	reweigh  = 500 * time.Millisecond
)

// checkXDS refuses what a target of xDS cannot have. The resolver and its balancers are large, so a
// program that wants them imports them.
func checkXDS(balance Balance) error {
	switch {
	case balance != "":
		return fmt.Errorf("balance is %q; the control plane of an xds target decides how calls are balanced", balance)
	case resolver.Get("xds") == nil:
		return errors.New("this program has no resolver for xds; import google.golang.org/grpc/xds in it, or use dns:///host:port")
	}
	return nil
}

// spread returns the address that grpc dials for t, and the options for balancing.
func spread(t target, balance Balance) (string, []grpc.DialOption) {
	if t.scheme == "xds" {
		return "xds:///" + t.hosts[0], nil
	}
	if len(t.hosts) == 1 && t.scheme != "dns" && balance == "" {
		return t.hosts[0], nil
	}
	options := []grpc.DialOption{grpc.WithDefaultServiceConfig(serviceConfig(cmp.Or(balance, Weighted)))}
	if len(t.hosts) == 1 {
		return "dns:///" + t.hosts[0], append(options, grpc.WithResolvers(dnsBuilder{net.DefaultResolver.LookupHost}))
	}
	list := manual.NewBuilderWithScheme("list")
	var endpoints []resolver.Endpoint
	for _, host := range t.hosts {
		endpoints = append(endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: host, ServerName: host}}})
	}
	list.InitialState(resolver.State{Endpoints: endpoints})
	return "list:///" + t.hosts[0], append(options, grpc.WithResolvers(list))
}

// serviceConfig is grpc's configuration for balancing calls.
func serviceConfig(balance Balance) string {
	parameters := map[string]string{}
	if balance == Weighted {
		parameters["blackoutPeriod"] = seconds(blackout)
		parameters["weightUpdatePeriod"] = seconds(reweigh)
	}
	ejecting := map[string]any{"policy": balance, "parameters": parameters}
	text, err := json.Marshal(map[string]any{
		"loadBalancingConfig": []any{map[string]any{ejectPolicy: ejecting}},
		"healthCheckConfig":   map[string]string{"serviceName": ""},
	})
	if err != nil {
		panic(err) // strings only
	}
	return string(text)
}

// seconds formats a duration as in the JSON mapping of protobuf.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s" }
