package syncer

import (
	"context"
	"fmt"
	"time"

	"roost/vault/keystore"
)

// Recovery is what belongs on a recovery sheet beside the words, and how well a person is prepared. No secret is in it.
type Recovery struct {
	Fingerprint string    // four words that name the backup
	Device      string    // this computer's name
	Address     string    // where the first storage is
	Checked     time.Time // when a person last proved to have the words; zero: never
	Due         time.Time // when they are asked again; zero: they are not
}

// Recovery tells what is known of the recovery words without showing them.
func (e *Engine) Recovery(context.Context) (Recovery, error) {
	b := e.home.config().Beginning
	return Recovery{Fingerprint: e.Fingerprint(), Device: e.Device(), Address: e.Address(), Checked: b.Checked, Due: b.WordsDue()}, nil
}

// TryKey tells whether keys hold the key of a home, as with a passphrase that somebody typed. Errors: those of the store.
func TryKey(ctx context.Context, dir string, keys keystore.Store) error {
	h, err := openHome(dir)
	if err != nil {
		return err
	}
	key, err := keys.Get(ctx, h.cfg.keyName())
	clear(key[:])
	if err != nil {
		return fmt.Errorf("open this computer's key: %w", err)
	}
	return nil
}
