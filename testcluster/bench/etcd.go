package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// etcdKind is one etcd server in this process, at its defaults, and members that are its clients by way of Go kit's
// sd/etcdv3.
type etcdKind struct{}

const etcdPatience = 30 * time.Second // for a server to elect itself

func (etcdKind) start(string, []string, watcher) (member, error) {
	return nil, errors.New("etcd: its members need a server")
}

// open starts the server, with its data in a folder that shut removes.
func (etcdKind) open() (kind, func() error, error) {
	quieten()
	folder, err := os.MkdirTemp("", "bench-etcd-")
	if err != nil {
		return nil, nil, err
	}
	server, err := startEtcd(folder)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	shut := func() error {
		server.Close()
		return os.RemoveAll(folder)
	}
	return etcdClients{server.Clients[0].Addr().String()}, shut, nil
}

func startEtcd(folder string) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Dir = folder
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	own := []url.URL{{Scheme: "http", Host: loopback.String()}}
	config.ListenClientUrls, config.ListenPeerUrls = own, own
	server, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-server.Server.ReadyNotify():
		return server, nil
	case <-time.After(etcdPatience):
		server.Close()
		return nil, fmt.Errorf("etcd: the server was not ready after %v", etcdPatience)
	}
}

// quieten keeps etcd's clients from writing to standard error, for which Go kit has no option.
func quieten() { os.Setenv("ETCD_CLIENT_DEBUG", "fatal") }
