package install

import (
	"context"
	"errors"
	"fmt"
	"time"

	"roost/vault/node/code"
)

// joinFile is the file in the work folder that carries the code of a private network: what stands on a command line can be read by
// everybody on that machine.
const joinFile = "network.code"

// storageThere is the program that install.sh puts on a storage.
const storageThere = "/usr/local/bin/roost-node"

// NetworkOf logs in to a machine that is a storage of Roost already, and returns the private network that it is in, for Options.Join
// of the next one. Where it is in none, it makes one and is started again for that. Of o only Target and how to log in are used.
// Its errors are [Error]s, but for those of ctx and of the callbacks.
func NetworkOf(ctx context.Context, o Options) (n code.Network, err error) {
	if o.Report == nil {
		o.Report = func(Progress) {}
	}
	if o.Password != nil {
		o.Password = once(o.Password)
	}
	o.Report(Progress{Stage: Connecting})
	m, err := o.connect(ctx)
	if err != nil {
		return n, err
	}
	defer m.close()
	facts, err := m.look(ctx)
	if err != nil {
		return n, err
	}
	if _, err := m.output(ctx, "[ -x "+storageThere+" ]", nil); isLost(err) {
		return n, lostOr(ctx, err)
	} else if err != nil {
		return n, failed(ErrNoStorage, fmt.Errorf("there is no %s", storageThere))
	}
	if !facts.root && !facts.sudo {
		return n, failed(ErrNoRoot, errors.New("there is no sudo"))
	}
	root, err := m.becomeRoot(ctx, facts, o.Password)
	if err != nil {
		return n, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, networkPatience, failed(ErrLost, errors.New("it did not answer in time")))
	defer cancel()
	text, err := m.install(ctx, root, storageThere+" network show 2>/dev/null || "+storageThere+" network make", o.Report)
	if err != nil {
		return n, err
	}
	if n, err = code.ParseNetwork(text, ""); err != nil {
		return n, failed(ErrScript, fmt.Errorf("read the network's code: %w", err))
	}
	return n, nil
}

// networkPatience is for a storage that is started again.
const networkPatience = 3 * time.Minute
