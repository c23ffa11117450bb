package nearby

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/libp2p/zeroconf/v2"

	"roost/vault/node/private"
)

// Announcement is what a storage tells the networks that its machine is in.
type Announcement struct {
	Name        string
	Fingerprint string // of its certificate
	Port        int
	Listen      string // the one address that it answers at; "": all of the machine's
}

// lookAgain is how often it is seen whether what is told still holds: a machine that got another address is found at that.
const lookAgain = 5 * time.Second

// ownName is how many digits of the fingerprint name the machine: its own name is nobody's business.
const ownName = 12

// Announce tells of a storage until ctx ends, and takes it back then. what is asked again and again for what is to be told; nil is
// nothing. What cannot be told now, because the machine is in no network, is told later.
func Announce(ctx context.Context, what func() (*Announcement, error), log *slog.Logger) error {
	var told told
	defer told.end()
	said := ""
	for {
		err := told.tell(what)
		if err != nil && err.Error() != said {
			log.Warn("the storage is not announced now", "reason", err)
		}
		if said = ""; err != nil {
			said = err.Error()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookAgain):
		}
	}
}

// told is what is being told.
type told struct {
	of     string // all of it; "": nothing
	server *zeroconf.Server
}

func (t *told) end() {
	if t.server != nil {
		t.server.Shutdown()
	}
	t.of, t.server = "", nil
}

// tell begins anew when something else is to be told, or somewhere else.
func (t *told) tell(what func() (*Announcement, error)) error {
	a, err := what()
	if err != nil {
		return err
	}
	if a == nil {
		t.end()
		return nil
	}
	ifaces, ips, err := a.where()
	if err != nil {
		return err
	}
	of := fmt.Sprint(*a, ifaces, ips)
	if of == t.of {
		return nil
	}
	t.end()
	if len(ifaces) == 0 {
		return ErrNoNetwork
	}
	if len(a.Fingerprint) < ownName {
		return fmt.Errorf("a certificate's fingerprint has more than %d digits", len(a.Fingerprint))
	}
	self := "roost-" + a.Fingerprint[:ownName]
	text := []string{nameKey + "=" + escaped(a.Name), certificateKey + "=" + a.Fingerprint}
	server, err := zeroconf.RegisterProxy(self, Service, domain, a.Port, self, ips, text, ifaces)
	if err != nil {
		return fmt.Errorf("announce the storage: %w", err)
	}
	t.of, t.server = of, server
	return nil
}

// where are the interfaces of home networks that the storage answers in, and its addresses there.
func (a Announcement) where() (ifaces []net.Interface, ips []string, err error) {
	own, err := private.MachineAddresses()
	if err != nil {
		return nil, nil, err
	}
	all, err := net.Interfaces()
	if err != nil {
		return nil, nil, fmt.Errorf("list this machine's networks: %w", err)
	}
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagMulticast == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			return nil, nil, fmt.Errorf("list the addresses of %s: %w", i.Name, err)
		}
		tells := false
		for _, x := range addrs {
			p, err := netip.ParsePrefix(x.String())
			at := p.Addr().Unmap()
			if err != nil || !isNear(at) || !slices.Contains(own, at) || a.Listen != "" && at.String() != a.Listen {
				continue
			}
			tells = true
			ips = append(ips, at.String())
		}
		if tells {
			ifaces = append(ifaces, i)
		}
	}
	return ifaces, ips[:min(len(ips), mostAddresses)], nil
}
