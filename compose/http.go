package compose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// httpServer serves /healthz (the process lives), /readyz (the brokers answer) and /metrics.
type httpServer struct {
	listener net.Listener
	server   *http.Server
	app      *App
	cl       *kgo.Client
}

func listen(a *App) (*httpServer, error) {
	if a.Config.HTTP.Addr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", a.Config.HTTP.Addr)
	if err != nil {
		return nil, fmt.Errorf("http.addr: %s cannot be listened on: %w. Stop what holds it, or set http.addr (THROUGHLINE_HTTP_ADDR)", a.Config.HTTP.Addr, err)
	}
	cl, err := kgo.NewClient(a.Cluster...)
	if err != nil {
		l.Close()
		return nil, err
	}
	s := &httpServer{listener: l, app: a, cl: cl}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive", "") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.Metrics.Registry, promhttp.HandlerOpts{}))
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, MaxHeaderBytes: 1 << 16}
	return s, nil
}

func (s *httpServer) serve(ctx context.Context) error {
	defer s.cl.Close()
	done := make(chan error, 1)
	go func() { done <- s.server.Serve(s.listener) }()
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		select {
		case err := <-done:
			return fmt.Errorf("serving HTTP: %w", err)
		case <-t.C:
			s.measureLag(ctx)
		case <-ctx.Done():
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			if err := s.server.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("stopping HTTP: %w", err)
			}
			<-done
			return nil
		}
	}
}

func (s *httpServer) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	if err := s.cl.Ping(ctx); err != nil {
		answer(w, http.StatusServiceUnavailable, "not ready", "no broker answers: "+err.Error())
		return
	}
	answer(w, http.StatusOK, "ready", "")
}

func answer(w http.ResponseWriter, status int, state, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": state, "why": why})
}

// measureLag keeps the lag gauges fresh; where the brokers do not answer, the old values stand and readiness tells.
func (s *httpServer) measureLag(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	lags, err := Lag(ctx, kadm.NewClient(s.cl), s.app.Codec)
	if err != nil {
		return
	}
	for group, n := range lags {
		s.app.Metrics.lag.WithLabelValues(group).Set(float64(n))
	}
}
