package install

import (
	"context"
	"errors"
	"fmt"
	"os"

	"roost/packaging/kit"
	"roost/vault/node/code"
)

// KnownFile is the file in Roost's home with the keys of machines.
const KnownFile = "known_hosts"

// Fresh writes a kit, runs it on the other machine and removes it here again. Its Dir, and Kit and Files of o, are set here.
func Fresh(ctx context.Context, k kit.Options, o Options) (_ code.Code, err error) {
	if k.Dir, err = os.MkdirTemp("", "roost-kit-"); err != nil {
		return code.Code{}, fmt.Errorf("%w: %w", kit.ErrWrite, err)
	}
	defer func() {
		if rerr := os.RemoveAll(k.Dir); err == nil && rerr != nil {
			err = fmt.Errorf("%w: remove it again: %w", kit.ErrWrite, rerr)
		}
	}()
	w, err := kit.Write(k)
	if err != nil {
		return code.Code{}, InWords(err)
	}
	if ctx.Err() != nil {
		return code.Code{}, context.Cause(ctx)
	}
	o.Kit, o.Files = w.Dir, w.Files
	return Run(ctx, o)
}

// InWords gives an error of [kit.Write] the words of a person; others, and nil, stay as they are.
func InWords(err error) error {
	for _, known := range []error{kit.ErrNoParts, kit.ErrNotEmpty, kit.ErrWrite} {
		if errors.Is(err, known) {
			return inWords(known, err)
		}
	}
	return err
}
