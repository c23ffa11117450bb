package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"roost/vault/node"
	"roost/vault/node/nearby"
)

// Nearby is a storage that is announced in the local network. It is used with its connection code only: see
// [SetupOptions.UseCode].
type Nearby = nearby.Box

// ErrNotNearby: a storage was looked for in the local network, and is not announced there.
var ErrNotNearby = errors.New("the storage was not found in this network")

// LookNearby lists the storages that are announced in the local network, in a few seconds. Errors: nearby.ErrNoNetwork.
func LookNearby(ctx context.Context) ([]Nearby, error) { return nearby.Find(ctx, nearby.Patience) }

// findNearby lists where a storage with this certificate is announced, as anybody can. Errors: ErrNotNearby,
// nearby.ErrNoNetwork.
func findNearby(ctx context.Context, fingerprint string) ([]string, error) {
	all, err := LookNearby(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(b Nearby) bool { return b.Fingerprint == fingerprint })
	if i < 0 {
		return nil, ErrNotNearby
	}
	return all[i].Addresses, nil
}

// movesUnseen tells whether a storage may be somewhere else by now: it does not answer where it was, or another one does. One
// that shows no certificate of its own could not be told from another.
func movesUnseen(fingerprint string, err error) bool {
	return fingerprint != "" && (unreachableNow(err) || errors.Is(err, node.ErrCertificate))
}

const (
	locatePatience = 10 * time.Second // for a storage to answer before it is looked for nearby
	mostAddresses  = 8                // that a storage has
)

// locate looks in the local network for a storage that does not answer at the addresses of its connection code. Its
// certificate proves it, before it is shown a key. What is not found stays as it was, for whoever tries it to say.
func (o *SetupOptions) locate(ctx context.Context) error {
	if o.URL == "" || o.Fingerprint == "" {
		return nil
	}
	k, err := node.Dial(o.node("").options(o.Token, nil))
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, locatePatience)
	_, err = k.Info(asking)
	late := asking.Err() != nil && ctx.Err() == nil
	cancel()
	if err := errors.Join(k.Close(), ctx.Err()); err != nil {
		return err
	}
	if err == nil || !late && !movesUnseen(o.Fingerprint, err) {
		return nil
	}
	found, err := findNearby(ctx, o.Fingerprint)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		o.moveTo(found)
	}
	return nil
}

// moveTo puts addresses before those that are known.
func (o *SetupOptions) moveTo(found []string) {
	all := slices.Clone(found)
	for _, a := range append([]string{o.URL}, o.Addresses...) {
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	all = all[:min(len(all), mostAddresses)]
	o.URL, o.Addresses = all[0], all[1:]
}

// findAgain gives a storage that does not answer the address under which it is announced in the local network. Errors:
// ErrUsage for one without a certificate of its own, ErrNotNearby, nearby.ErrNoNetwork, those of Readdress.
func (e *Engine) findAgain(ctx context.Context, nc nodeConfig) error {
	if nc.Dir != "" || nc.Fingerprint == "" {
		return fmt.Errorf("%w: without a connection code, the storage %q cannot be told from another one", ErrUsage, nc.Name)
	}
	found, err := findNearby(ctx, nc.Fingerprint)
	if err != nil {
		return err
	}
	o := SetupOptions{
		URL: nc.URL, Addresses: nc.Addresses, Fingerprint: nc.Fingerprint, Host: nc.Host, AllowHTTP: nc.AllowHTTP, Token: e.bundle.Token(nc.Name),
	}
	o.moveTo(found)
	return e.Readdress(ctx, nc.Name, o)
}
