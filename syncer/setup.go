package syncer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/keystore"
	"roost/vault/node"
	"roost/vault/node/code"
)

// OwnStorage is where a home's own storage lies on this computer, unless another place is chosen.
func OwnStorage(home string) string { return filepath.Join(home, storageDir) }

// Setup makes a home: this computer as a new device of the vault that the words spell, or that another computer let it into,
// else a new vault. Recovering writes nothing to the storage. The settings file is written last; before it, nothing counts.
func Setup(ctx context.Context, opts Options, o SetupOptions) (*SetupResult, error) {
	given := o.Device != ""
	o.Device = deviceName(o.Device)
	b, entropy, err := o.bundle()
	if err != nil {
		return nil, err
	}
	if o.Joined != nil && o.Replaces != "" { // to retire the other one takes the words
		return nil, vault.ErrNoWords
	}
	if o.FindByWords && o.Words == "" {
		return nil, fmt.Errorf("%w: only words lead to a storage", ErrUsage)
	}
	if o.NodeName == "" {
		o.NodeName = "storage"
	}
	h, err := makeHome(opts.Home)
	if err != nil {
		return nil, err
	}
	unlock, err := h.lock(ctx, 5*time.Second)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := os.Lstat(h.path(configFile)); err == nil { // by another one, while this one waited
		return nil, ErrAlreadySetUp
	}
	if o.LocalDir == "" && o.URL == "" {
		o.LocalDir = OwnStorage(h.dir)
	}
	if err := o.locate(ctx); err != nil {
		return nil, err
	}
	nc := o.node(o.NodeName)
	nc.Dir = o.LocalDir
	if o.Recovering() && nc.Dir != "" {
		if _, err := os.Stat(filepath.Join(nc.Dir, "repo", "config")); err != nil {
			return nil, fmt.Errorf("open the storage in %s: %w", nc.Dir, node.ErrUnreachable)
		}
	}
	if err := nc.checkCluster(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUsage, err)
	}
	n, managed, err := dial(ctx, h, nc, o.access(), nil)
	if err != nil {
		return nil, err
	}
	if managed != nil {
		defer managed.Close()
	}
	// Who gets files back may have lost some of the members.
	if err := nc.meet(ctx, n); err != nil && !(o.Recovering() && errors.Is(err, ErrFewMembers)) {
		return nil, err
	}
	res := &SetupResult{Fingerprint: b.Fingerprint(), Device: b.Name()}
	var st *vault.State // of the backup that is there
	switch {
	case o.FindByWords:
		at, err := lookByWords(ctx, n, b, entropy, o)
		if err != nil {
			return nil, err
		}
		if st = at.state; at.direct {
			nc, o.Token = at.node, ""
		}
		res.Storage, res.Problems = nc.URL, named(at.problems)
	case o.Recovering():
		if st, err = vault.Find(ctx, n, b); err != nil {
			return nil, err
		}
	default:
		if err := h.probe(ctx, n, b); err != nil {
			return nil, err
		}
		res.Words = format.WordsFromEntropy(entropy)
	}
	replaces, replacesName := "", ""
	if st != nil {
		if err := someDevice(st); err != nil {
			return nil, err
		}
		res.Devices, res.Problems = devicesThere(st), append(named(refused(st)), res.Problems...)
		if o.Replaces != "" {
			old, err := device(res.Devices, o.Replaces)
			if err != nil {
				return nil, err
			}
			replaces, replacesName = old.ID, old.Name
		}
		if !given && o.Words != "" {
			if b, err = distinct(st, b, entropy); err != nil {
				return nil, err
			}
			res.Device = b.Name()
		}
	}

	nodes := []nodeConfig{nc}
	setAccess(b, nc.Name, o.access())
	if o.Joined != nil {
		for _, further := range o.Joined.Storages {
			same := func(n nodeConfig) bool { return n.Name == further.NodeName || n.URL == further.URL }
			if slices.ContainsFunc(nodes, same) {
				continue
			}
			nodes = append(nodes, further.node(further.NodeName))
			setAccess(b, further.NodeName, further.access())
		}
	}
	id, dev := b.Vault(), b.Device()
	h.cfg = config{Version: 1, Vault: hex.EncodeToString(id[:]), Device: hex.EncodeToString(dev[:]), Nodes: nodes, Replaces: replaces, ReplacesName: replacesName}
	h.cfg.Beginning.Recovered = o.Recovering()
	if o.Words != "" { // who typed them has them; who was let in is not asked for words that are not here
		now := time.Now()
		h.cfg.Beginning.Asked, h.cfg.Beginning.Checked, h.cfg.Beginning.Checks = now, now, 1
	}
	var master [32]byte
	if _, err := rand.Read(master[:]); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	if err := opts.Keys.Set(ctx, h.cfg.keyName(), master); err != nil {
		return nil, fmt.Errorf("keep the key on this computer: %w", err)
	}
	// A catalog of an earlier vault in this folder would speak of another storage.
	err = catalog.Remove(h.path(catalogFile))
	if err == nil {
		err = h.saveBundle(b, master)
	}
	if err == nil {
		err = h.save(h.cfg)
	}
	if err != nil {
		return nil, errors.Join(err, opts.Keys.Delete(context.WithoutCancel(ctx), h.cfg.keyName()))
	}
	return res, nil
}

// Recovering tells whether this computer becomes a device of a vault that there is.
func (o SetupOptions) Recovering() bool { return o.Words != "" || o.Joined != nil }

// bundle is the keys that the home gets; the entropy is zero where another computer let this one in.
func (o SetupOptions) bundle() (b *vault.Bundle, entropy format.Entropy, err error) {
	switch {
	case o.Joined != nil:
		return o.Joined.bundle, entropy, nil
	case o.Words != "":
		entropy, err = format.EntropyFromWords(o.Words)
	default:
		entropy, err = vault.NewEntropy()
	}
	if err == nil {
		b, err = vault.NewBundle(entropy, o.Device, time.Now())
	}
	return b, entropy, err
}

// distinct is the bundle of a device that has no other one's name, as the host's may be that of the computer before.
func distinct(st *vault.State, b *vault.Bundle, entropy format.Entropy) (*vault.Bundle, error) {
	name, err := st.FreeName(b.Name())
	if err != nil || name == b.Name() {
		return b, err
	}
	return vault.NewBundle(entropy, name, time.Now())
}

// UseCode makes the storage of a connection code the one that is meant, under the name in it unless there is one already.
func (o *SetupOptions) UseCode(c code.Code) {
	if o.NodeName == "" {
		o.NodeName = c.Name
	}
	o.URL, o.Addresses, o.Token = c.Addresses[0], c.Addresses[1:], c.Token // a code has at least one
	o.Fingerprint, o.Host = c.Fingerprint, c.Host
}

// ReadCode is UseCode of a text or of a picture that holds a code. The password is for a locked one; "" where there is none.
// Errors: those of package code.
func (o *SetupOptions) ReadCode(given []byte, password string) error {
	text, err := code.Text(given)
	if err != nil {
		return err
	}
	c, err := code.Parse(text, password)
	if err != nil {
		return err
	}
	o.UseCode(c)
	return nil
}

// Reachable says what is wrong with the storage's address and token, without asking it. Errors: node.ErrInsecure.
func (o SetupOptions) Reachable() error {
	n, err := o.node("").dial(o.access(), nil)
	if err != nil {
		return err
	}
	return n.Close()
}

// node is the settings of the storage that runs by itself.
func (o SetupOptions) node(name string) nodeConfig {
	nc := nodeConfig{Name: name, URL: o.URL, AllowHTTP: o.AllowHTTP, Addresses: o.Addresses, Fingerprint: o.Fingerprint, Host: o.Host}
	if o.ClusterURL != "" {
		nc.Cluster = &clusterConfig{URL: o.ClusterURL, Fingerprint: o.ClusterFingerprint, Copies: o.ClusterCopies}
	}
	return nc
}

func (nc nodeConfig) options(token string, m *node.Meter) node.Options {
	return node.Options{
		URL: nc.URL, Addresses: nc.Addresses, Token: token, TLSFingerprint: nc.Fingerprint, TLSHost: nc.Host,
		AllowHTTP: nc.AllowHTTP, Meter: m,
	}
}

// someDevice fails unless there is a device's state that can be used: with vault.ErrNoVault or, where all of it is damaged, that.
func someDevice(st *vault.State) error {
	switch {
	case len(st.Heads) > 0:
		return nil
	case len(st.Damaged) > 0:
		return fmt.Errorf("find your backup: %w", errors.Join(st.Damaged...))
	}
	return vault.ErrNoVault
}

// devicesThere lists the devices that a storage has a state of.
func devicesThere(st *vault.State) (out []DeviceInfo) {
	for _, h := range st.Heads {
		d := DeviceInfo{Name: h.Name(), ID: hex.EncodeToString(h.Device[:]), State: DeviceActive}
		for _, v := range h.Snapshots { // the last one made may be an old one that was imported
			if v.Time().After(d.Newest) {
				d.Newest = v.Time()
			}
		}
		out = append(out, d)
	}
	return out
}

// dial connects to a storage, starting it where Roost runs it. The meter may be nil.
func dial(ctx context.Context, h *home, nc nodeConfig, a access, m *node.Meter) (node.Node, *node.Managed, error) {
	if nc.Dir == "" {
		n, err := nc.dial(a, m)
		if err != nil {
			return nil, nil, err
		}
		return n, nil, nil
	}
	bin, err := node.FindBinary()
	if err != nil {
		return nil, nil, err
	}
	started, err := node.StartManaged(ctx, node.ManagedOptions{Dir: nc.Dir, Binary: bin, Log: h.path("storage.log"), Meter: m})
	if err != nil {
		return nil, nil, fmt.Errorf("start the storage on this computer: %w", err)
	}
	return started.Node(), started, nil
}

// Open opens a home that was set up. The storage is asked when something is wanted from it.
func Open(ctx context.Context, opts Options) (*Engine, error) {
	h, err := openHome(opts.Home)
	if err != nil {
		return nil, err
	}
	e := &Engine{opts: opts, log: opts.Log, home: h}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	master, err := opts.Keys.Get(ctx, h.cfg.keyName())
	if err != nil {
		return nil, fmt.Errorf("fetch this computer's key: %w", err)
	}
	sealed, err := os.ReadFile(h.path(bundleFile))
	if err != nil {
		return nil, fmt.Errorf("read this computer's keys: %w: %w", keystore.ErrNotFound, err)
	}
	id, err := h.cfg.vaultID()
	if err != nil {
		return nil, err
	}
	e.master = master
	if e.bundle, err = vault.OpenBundle(sealed, id, master); err != nil {
		return nil, err
	}
	if e.cat, err = openCatalog(ctx, h, e.log); err != nil {
		return nil, err
	}
	e.near = newNearest(e)
	return e, nil
}

// openCatalog opens the cache; one that is damaged is thrown away, one of a later version put aside: all of it can be
// read again from the storage.
func openCatalog(ctx context.Context, h *home, log *slog.Logger) (*catalog.Catalog, error) {
	path := h.path(catalogFile)
	c, err := catalog.Open(ctx, path)
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, catalog.ErrDamaged):
		log.Warn("the catalog is damaged and is made anew", "reason", err)
		if err := catalog.Remove(path); err != nil {
			return nil, homeError("make the catalog anew", err)
		}
	case errors.Is(err, catalog.ErrNewer):
		to, err := catalog.MoveAside(path)
		if err != nil {
			return nil, homeError("put a newer catalog aside", err)
		}
		log.Warn("the catalog was written by a newer Roost and is made anew", "kept", to)
	default:
		return nil, homeError("open the catalog", err)
	}
	if c, err = catalog.Open(ctx, path); err != nil {
		return nil, homeError("make the catalog anew", err)
	}
	return c, nil
}

// Close ends the engine, and the storages that this engine started.
func (e *Engine) Close() error {
	errs := []error{e.closeFar()}
	if p := e.first.Load(); p != nil {
		errs = append(errs, p.close())
	}
	return errors.Join(append(errs, e.cat.Close())...)
}

// Lock takes the home for this process. Errors: ErrBusy after that long.
func (e *Engine) Lock(ctx context.Context, wait time.Duration) (unlock func(), err error) {
	return e.home.lock(ctx, wait)
}

// connect makes the storage available.
func (e *Engine) connect(ctx context.Context) error {
	if e.first.Load() != nil {
		return nil
	}
	if err := e.tryOldKeys(ctx); err != nil { // the storage may ask for its new key by now
		return err
	}
	e.connecting.Lock()
	defer e.connecting.Unlock()
	if e.first.Load() != nil {
		return nil
	}
	nc := e.home.config().Nodes[0]
	nc.AllowHTTP = nc.AllowHTTP || e.opts.AllowHTTP
	n, m, err := dial(ctx, e.home, nc, accessOf(e.bundle, nc.Name), e.meter(nc.Name))
	if err != nil {
		return err
	}
	e.use(connection{n, m})
	return nil
}

// use makes a storage the first one.
func (e *Engine) use(c connection) {
	e.first.Store(&primary{c, vault.New(vault.Options{Bundle: e.bundle, Node: c.node, Catalog: e.cat, Log: e.log})})
}

// state asks the storage for every device's newest state.
func (e *Engine) state(ctx context.Context) (*vault.State, error) {
	if err := e.connect(ctx); err != nil {
		return nil, err
	}
	return e.vault().Refresh(ctx)
}

// Words returns the recovery words; vault.ErrNoWords where they were removed.
func (e *Engine) Words(context.Context) ([]string, error) {
	en, err := e.bundle.Entropy()
	if err != nil {
		return nil, err
	}
	return format.WordsFromEntropy(en), nil
}

// ErrWrongWords: 24 valid words, of another vault.
var ErrWrongWords = errors.New("these words belong to another backup")

// CheckWords tells whether these are this vault's words.
func (e *Engine) CheckWords(_ context.Context, text string) error {
	en, err := format.EntropyFromWords(text)
	if err != nil {
		return err
	}
	if format.DeriveKeys(en, 1).Vault != e.bundle.Vault() {
		return ErrWrongWords
	}
	return nil
}

// Device is this computer's name in the vault.
func (e *Engine) Device() string { return e.bundle.Name() }

// Fingerprint is the vault's, as four words.
func (e *Engine) Fingerprint() string { return e.bundle.Fingerprint() }

// Address is where the first storage is, for a person to find it again: its URL, or the folder that Roost runs it in.
func (e *Engine) Address() string {
	nc := e.home.config().Nodes[0]
	if nc.Dir != "" {
		return nc.Dir
	}
	return nc.URL
}
