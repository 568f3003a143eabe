package main

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer is a DNS server that has the same addresses for every name. It is safe for concurrent
// use.
type nameServer struct {
	conn    net.PacketConn
	running sync.WaitGroup

	mu        sync.Mutex
	addresses []netip.Addr
}

func newNameServer() (*nameServer, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &nameServer{conn: conn}
	s.running.Go(s.serve)
	return s, nil
}

func (s *nameServer) close() {
	s.conn.Close()
	s.running.Wait()
}

// resolver asks s and nobody else.
func (s *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", s.conn.LocalAddr().String())
	}}
}

// set replaces the addresses.
func (s *nameServer) set(addresses ...netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addresses = slices.Clone(addresses)
}

func (s *nameServer) serve() {
	buf := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if answer, err := s.answer(buf[:n]); err == nil {
			_, _ = s.conn.WriteTo(answer, from) // the resolver asks again
		}
	}
}

// answer answers the first question of a message: with the addresses if it asks for those of IPv4,
// else with none.
func (s *nameServer) answer(message []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(message); err != nil {
		return nil, err
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(m.Questions) > 0 && m.Questions[0].Type == dnsmessage.TypeA {
		for _, a := range s.addresses {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET, TTL: 1},
				Body:   &dnsmessage.AResource{A: a.As4()},
			})
		}
	}
	return m.Pack()
}
