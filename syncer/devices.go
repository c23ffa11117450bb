package syncer

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
)

// The states of a device.
const (
	DeviceActive  = "active"
	DeviceRetired = "retired" // its owner gave it up
	DeviceRevoked = "revoked" // it was lost, and is shut out of what is saved from then on
)

// ActivityDevice is the kind of what happens to devices.
const ActivityDevice = "device"

// Devices lists the devices of the vault as the storage's verified heads have them: this one first, then those that belong to
// it, the one that saved last first, then those that are gone. Versions in lists that are damaged are not counted; Damage
// says which.
func (e *Engine) Devices(ctx context.Context) ([]DeviceInfo, error) {
	st, err := e.state(ctx)
	if err != nil {
		return nil, err
	}
	list, _, err := e.everyVersion(ctx, st)
	if err != nil {
		return nil, err
	}
	all, err := st.Devices()
	if err != nil {
		return nil, err
	}
	return deviceList(all, list, e.bundle.Device(), e.bundle.Name()), nil
}

// deviceList adds to the devices what their versions tell. self is in the list also before it has published anything.
func deviceList(all []vault.Device, list []vault.Version, self format.DeviceID, name string) []DeviceInfo {
	at := map[format.DeviceID]int{}
	names := map[format.DeviceID]string{self: name}
	for _, d := range all {
		names[d.ID] = d.Name
	}
	var out []DeviceInfo
	add := func(d vault.Device) {
		x := DeviceInfo{ID: hex.EncodeToString(d.ID[:]), Name: d.Name, State: DeviceActive, This: d.ID == self, IntroducedBy: names[d.IntroducedBy], KeptBy: names[d.TakenBy]}
		switch {
		case d.Revoked != nil && d.Retired:
			x.State = DeviceRetired
		case d.Revoked != nil:
			x.State = DeviceRevoked
		}
		at[d.ID] = len(out)
		out = append(out, x)
	}
	for _, d := range all {
		add(d)
	}
	if _, known := at[self]; !known {
		add(vault.Device{ID: self, Name: name})
	}
	type folder struct {
		device format.DeviceID
		id     format.FolderID
	}
	counted := map[folder]bool{}
	for _, v := range list { // the newest first
		i, known := at[v.Device]
		if !known {
			continue
		}
		x := &out[i]
		x.Versions++
		if x.Newest.IsZero() {
			x.Newest = v.Time()
		}
		if key := (folder{v.Device, v.FolderID}); v.Complete && !counted[key] {
			counted[key] = true
			x.Bytes += int64(v.Bytes)
		}
	}
	for i := range out {
		if out[i].Versions == 0 { // what was given up is kept by nobody
			out[i].KeptBy = ""
		}
	}
	slices.SortStableFunc(out, func(a, b DeviceInfo) int {
		return cmp.Or(-compareBool(a.This, b.This), -compareBool(a.State == DeviceActive, b.State == DeviceActive), b.Newest.Compare(a.Newest))
	})
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// leastIDPrefix is how many digits of an id name a device.
const leastIDPrefix = 4

// device finds the device that a person means: by its name, or by the beginning of its id. One that belongs to the vault
// goes before one of that name that is gone.
func device(all []DeviceInfo, name string) (DeviceInfo, error) {
	for _, fits := range []func(DeviceInfo) bool{
		func(d DeviceInfo) bool { return d.Name == name && d.State == DeviceActive },
		func(d DeviceInfo) bool { return d.Name == name },
		func(d DeviceInfo) bool {
			return len(name) >= leastIDPrefix && strings.HasPrefix(d.ID, strings.ToLower(name))
		},
		func(d DeviceInfo) bool { return strings.EqualFold(d.Name, name) && d.State == DeviceActive },
	} {
		var found []DeviceInfo
		for _, d := range all {
			if fits(d) {
				found = append(found, d)
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1:
			var ids []string
			for _, d := range found {
				ids = append(ids, fmt.Sprintf("%.8s", d.ID))
			}
			return DeviceInfo{}, fmt.Errorf("%w: more than one computer is called %q; say which by the beginning of its id: %s", ErrUsage, name, strings.Join(ids, ", "))
		}
	}
	return DeviceInfo{}, fmt.Errorf("%w: %q", vault.ErrNoDevice, name)
}

func (d DeviceInfo) id() (id format.DeviceID) {
	b, err := hex.DecodeString(d.ID)
	if err == nil {
		copy(id[:], b)
	}
	return id
}

// entropy is what the words spell: those that are given, which have to be this vault's, or else those that this computer
// keeps. Errors: vault.ErrNoWords, ErrWrongWords, those of words that are none.
func (e *Engine) entropy(ctx context.Context, words string) (format.Entropy, error) {
	if words == "" {
		return e.bundle.Entropy()
	}
	if err := e.CheckWords(ctx, words); err != nil {
		return format.Entropy{}, err
	}
	return format.EntropyFromWords(words)
}

// RenameDevice gives a device another name, for everybody who sees it. The words are needed where this computer does not
// keep them. Errors: vault.ErrNoDevice, ErrUsage, vault.ErrNoWords, ErrWrongWords.
func (e *Engine) RenameDevice(ctx context.Context, name, to, words string) error {
	if to = strings.TrimSpace(to); to == "" || len(to) > format.MaxDeviceName {
		return fmt.Errorf("%w: a computer's name has 1 to %d bytes", ErrUsage, format.MaxDeviceName)
	}
	return e.changeDevices(ctx, words, func(all []DeviceInfo, entropy format.Entropy) error {
		d, err := device(all, name)
		if err != nil {
			return err
		}
		if d.State != DeviceActive {
			return fmt.Errorf("%w: %q does not belong to this backup any more", ErrUsage, d.Name)
		}
		if slices.ContainsFunc(all, func(x DeviceInfo) bool { return x.ID != d.ID && x.State == DeviceActive && x.Name == to }) {
			return fmt.Errorf("%w: another computer is called %q already", ErrUsage, to)
		}
		if err := e.vault().Rename(ctx, d.id(), to, entropy); err != nil {
			return err
		}
		return e.note(ctx, Activity{Kind: ActivityDevice, Text: fmt.Sprintf("The computer %q is called %q from now on.", d.Name, to)}, false)
	})
}

// changeDevices lets do publish something about the devices that the words are needed for. They are checked first.
func (e *Engine) changeDevices(ctx context.Context, words string, do func([]DeviceInfo, format.Entropy) error) error {
	entropy, err := e.entropy(ctx, words)
	if err != nil {
		return err
	}
	err = e.publish(ctx, func() error {
		all, err := e.Devices(ctx)
		if err != nil {
			return err
		}
		return do(all, entropy)
	})
	if err != nil {
		return err
	}
	return e.mirror(ctx, nil)
}

// publish lets do publish something that is no version: it has the storage for itself.
func (e *Engine) publish(ctx context.Context, do func() error) error {
	done, err := e.turns.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := e.connect(ctx); err != nil {
		return err
	}
	err = do()
	if e.bundle.Changed() {
		err = errors.Join(err, e.home.saveBundle(e.bundle, e.master))
	}
	if err != nil {
		return err
	}
	return e.noteVersions(ctx)
}

// RemoveDeviceOptions say which device leaves the vault, and how.
type RemoveDeviceOptions struct {
	Device string
	Words  string // needed where this computer does not keep them, and always with Drop
	Lost   bool   // it is revoked rather than retired: shut out of what is saved from now on, with its keys to the storages
	Drop   bool   // what it had saved is given up; else this computer takes it over
	Token  string // its key to the storages; "": the one that this computer has
}

// RemovedDevice is what RemoveDevice did.
type RemovedDevice struct {
	Name       string
	Lost       bool
	Dropped    bool
	Versions   int      // that this computer took over, or that were given up
	Bytes      int64    // of packs that this computer's state links from now on
	Introduced []string // computers that the one had let in, and that stay
	Already    bool     // it had been removed before
	Keys       []KeyChange
}

// KeyChange says what becomes of a lost device's key to one storage.
type KeyChange struct {
	Storage string
	Cluster bool   // it is the one to the cluster that the storage acts for, of which all members have to be told
	State   string // KeyChanged, KeyOpen or KeyNone
	Line    string // KeyOpen: what has to be run on the storage's own computer; it holds the new key
}

// The states of a key.
const (
	KeyChanged = "changed" // the storage refuses the old one, which was tried
	KeyOpen    = "open"    // only its owner can change it
	KeyNone    = "none"    // it is asked for none, and only this computer reaches it
)

// RemoveDevice retires or revokes a device, here and on the other storages: its versions are taken over or given up first,
// then its own states are let go. Run again, it finishes what was interrupted, and tries the old keys again.
//
// Errors: vault.ErrNoDevice, ErrUsage, vault.ErrNoWords, ErrWrongWords; damage when what is to be taken over is not whole.
// What was done is returned beside an error.
func (e *Engine) RemoveDevice(ctx context.Context, o RemoveDeviceOptions) (*RemovedDevice, error) {
	if o.Drop && o.Words == "" {
		return nil, fmt.Errorf("%w: giving up all versions of a computer asks for the recovery words", ErrUsage)
	}
	var out *RemovedDevice
	err := e.changeDevices(ctx, o.Words, func(all []DeviceInfo, entropy format.Entropy) error {
		self := slices.IndexFunc(all, func(d DeviceInfo) bool { return d.This })
		d, err := device(slices.Delete(slices.Clone(all), self, self+1), o.Device)
		if errors.Is(err, vault.ErrNoDevice) {
			if _, here := device(all, o.Device); here == nil {
				err = fmt.Errorf("%w: this is the computer that you are on; remove it from another one", ErrUsage)
			}
		}
		if err != nil {
			return err
		}
		other, err := e.elsewhere(ctx, d, o.Lost)
		if err != nil {
			return err
		}
		keys := e.bundle.OldKeys()
		if o.Lost { // before all else: a crash must not leave a key forgotten
			if err := e.noteKeys(d.Name, o.Token); err != nil {
				return err
			}
		}
		got, err := e.vault().Retire(ctx, vault.RetireOptions{Device: d.id(), Entropy: entropy, Lost: o.Lost, Drop: o.Drop, Other: other})
		if errors.Is(err, vault.ErrRolledBack) && len(other) > 0 {
			err = fmt.Errorf("%w: another storage holds newer versions of %q than the first one, or: %w", ErrUsage, d.Name, err)
		}
		if err != nil {
			e.bundle.SetOldKeys(keys)
			return errors.Join(err, e.home.saveBundle(e.bundle, e.master))
		}
		out = &RemovedDevice{
			Name: got.Name, Lost: o.Lost, Dropped: o.Drop, Versions: got.Versions, Bytes: got.Bytes, Introduced: got.Introduced, Already: got.Already,
		}
		if !got.Already {
			if err := e.noteRemoved(ctx, out); err != nil {
				return err
			}
		}
		if o.Lost {
			out.Keys, err = e.changeKeys(ctx, o.Token)
		}
		return err
	})
	if k := e.running.Load(); k != nil {
		k.learnDamage()
		poke(k.stores)
	}
	return out, err
}

// elsewhere is what further storages know of a device: versions that only they have would be given up by mistake. Where a
// device was lost, one that cannot be asked is not waited for.
func (e *Engine) elsewhere(ctx context.Context, d DeviceInfo, lost bool) (out []format.Seen, err error) {
	for _, nc := range e.home.config().Nodes[1:] {
		_, st, err := e.stateOn(ctx, nc)
		switch {
		case err != nil && ctx.Err() == nil && lost:
			e.log.Warn("a storage cannot tell what a lost device has there", "storage", nc.Name, "reason", err)
			continue
		case err != nil:
			return nil, fmt.Errorf("ask the storage %q what %q has there: %w", nc.Name, d.Name, err)
		}
		if h := st.Own(d.id()); h != nil {
			out = append(out, format.Seen{Device: h.Device, Seq: h.Seq, Hash: h.Hash})
		}
	}
	return out, nil
}

func (e *Engine) noteRemoved(ctx context.Context, r *RemovedDevice) error {
	what := many(int64(r.Versions), "version", "versions")
	a := Activity{Kind: ActivityDevice, Bytes: r.Bytes}
	switch {
	case r.Lost && r.Dropped:
		a.Text = fmt.Sprintf("The lost computer %q was shut out. Its %s were given up.", r.Name, what)
	case r.Lost:
		a.Text = fmt.Sprintf("The lost computer %q was shut out. Its %s are kept by this one.", r.Name, what)
	case r.Dropped:
		a.Text = fmt.Sprintf("The computer %q was retired. Its %s were given up.", r.Name, what)
	default:
		a.Text = fmt.Sprintf("The computer %q was retired. Its %s are kept by this one.", r.Name, what)
	}
	return e.note(ctx, a, false)
}

var errNotRefused = errors.New("it was not refused")

// ErrOldKey: a storage still takes the key of a device that was shut out.
var ErrOldKey = errors.New("a storage still takes an old key")

// oldKeys are the keys of a lost device to a storage that Roost does not run, as far as they are known: token, or else this
// computer's own, and that of the cluster that the storage acts for. Empty where nobody else reaches them.
func (e *Engine) oldKeys(nc nodeConfig, token string) (all []vault.OldKey) {
	if nc.Dir != "" {
		return nil
	}
	if token == "" {
		token = e.bundle.Token(nc.Name)
	}
	if token != "" || !node.Loopback(nc.URL) {
		all = append(all, vault.OldKey{Storage: nc.Name, Token: token})
	}
	if c := nc.Cluster; c != nil {
		if key := clusterKey(nc.Name); e.bundle.Token(key) != "" || !node.Loopback(c.URL) {
			all = append(all, vault.OldKey{Storage: key, Token: e.bundle.Token(key)})
		}
	}
	return all
}

// openKey finds an old key among those that are written down.
func openKey(open []vault.OldKey, k vault.OldKey) int {
	return slices.IndexFunc(open, func(x vault.OldKey) bool { return x.Storage == k.Storage && x.Token == k.Token })
}

// noteKeys writes down which keys a device has that is about to be shut out.
func (e *Engine) noteKeys(lost, token string) error {
	open := e.bundle.OldKeys()
	for _, nc := range e.home.config().Nodes {
		for _, k := range e.oldKeys(nc, token) {
			if openKey(open, k) >= 0 {
				continue
			}
			next, err := vault.NewToken()
			if err != nil {
				return err
			}
			if k.Storage != nc.Name {
				next = clusterToken(k.Token, next)
			}
			k.Next, k.Device, k.Seconds = next, lost, time.Now().Unix()
			open = append(open, k)
		}
	}
	e.bundle.SetOldKeys(open)
	return e.home.saveBundle(e.bundle, e.master)
}

// changeKeys withdraws the key that a lost device has to each storage: where Roost runs the storage, by itself; else the
// owner has to, and until the old key is refused that is a problem.
func (e *Engine) changeKeys(ctx context.Context, token string) (out []KeyChange, err error) {
	if err := e.tryOldKeys(ctx); err != nil {
		return nil, err
	}
	open := e.bundle.OldKeys()
	for _, nc := range e.home.config().Nodes {
		if nc.Dir != "" {
			state, err := e.changeManaged(ctx, nc)
			if err != nil {
				return out, err
			}
			out = append(out, KeyChange{Storage: nc.Name, State: state})
			continue
		}
		keys := e.oldKeys(nc, token)
		if len(keys) == 0 {
			out = append(out, KeyChange{Storage: nc.Name, State: KeyNone})
		}
		for _, k := range keys {
			x := KeyChange{Storage: nc.Name, Cluster: k.Storage != nc.Name, State: KeyChanged}
			if i := openKey(open, k); i >= 0 {
				x.State = KeyOpen
				if x.Line = keyLine(open[i].Next); x.Cluster {
					x.Line = clusterLine(open[i].Next)
				}
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// keyLine is what makes a Kubo ask for that token alone.
func keyLine(token string) string {
	return fmt.Sprintf(`ipfs config --json API.Authorizations '{"roost":{"AuthSecret":%q,"AllowedPaths":["/api/v0"]}}'`, token)
}

// clusterToken is a new password for the one that the cluster lets in by the old token, with what is secret in a new token.
func clusterToken(old, token string) string {
	user, _, _ := strings.Cut(strings.TrimPrefix(old, "basic:"), ":")
	return "basic:" + cmp.Or(user, "roost") + ":" + strings.TrimPrefix(token, "bearer:")
}

// clusterLine is what makes a member of a cluster let in only who has that token. Perl is on every Debian.
func clusterLine(token string) string {
	user, password, _ := strings.Cut(strings.TrimPrefix(token, "basic:"), ":")
	quoted := strings.NewReplacer(`\`, `\\\\`, `"`, `\\"`, `'`, `'\''`, `/`, `\/`, `$`, `\$`, `@`, `\@`)
	return fmt.Sprintf(
		`perl -0pi -e 's/("restapi":\s*\{.*?"basic_auth_credentials":\s*)(null|\{[^}]*\})/$1\{"%s":"%s"\}/s' "${IPFS_CLUSTER_PATH:-$HOME/.ipfs-cluster}/service.json"`,
		quoted.Replace(user), password,
	)
}

// changeManaged gives a storage that Roost runs a new key, and tries the old one.
func (e *Engine) changeManaged(ctx context.Context, nc nodeConfig) (string, error) {
	c, err := e.reach(ctx, nc)
	if err != nil {
		return "", err
	}
	if c.managed == nil {
		return KeyNone, nil
	}
	old := c.managed.Token()
	if err := c.managed.NewToken(ctx); err != nil {
		return "", err
	}
	n, err := node.Dial(node.Options{URL: c.managed.URL(), Token: old})
	if err != nil {
		return "", err
	}
	_, err = n.Info(ctx)
	if cerr := n.Close(); cerr != nil {
		return "", cerr
	}
	if !errors.Is(err, node.ErrUnauthorized) {
		return "", fmt.Errorf("%w: %q, although it was changed: %w", ErrOldKey, nc.Name, cmp.Or(err, errNotRefused))
	}
	return KeyChanged, nil
}

// refuses tries a key on a storage that runs by itself, or on its cluster. An error leaves it open.
func (e *Engine) refuses(ctx context.Context, nc nodeConfig, k vault.OldKey, token string) (bool, error) {
	nc.AllowHTTP = nc.AllowHTTP || e.opts.AllowHTTP
	n, err := nc.dial(accessWith(e.bundle, nc.Name, k.Storage, token), nil)
	if err != nil {
		return false, err
	}
	refused := node.ErrUnauthorized
	if c, ok := n.(*node.Cluster); ok && k.Storage != nc.Name {
		refused = node.ErrClusterKey
		_, err = c.Self(ctx)
	} else {
		_, err = n.Info(ctx)
	}
	if errors.Is(err, refused) {
		return true, n.Close()
	}
	return false, errors.Join(err, n.Close())
}

// tryOldKeys looks whether old keys are refused by now. A storage that asks for the key that was made for it is used with
// that one from then on.
func (e *Engine) tryOldKeys(ctx context.Context) error {
	open := e.bundle.OldKeys()
	if len(open) == 0 {
		return nil
	}
	var left []vault.OldKey
	var errs []error
	for _, k := range open {
		i := slices.IndexFunc(e.home.config().Nodes, func(n nodeConfig) bool {
			return n.Name == k.Storage || n.Cluster != nil && clusterKey(n.Name) == k.Storage
		})
		if i < 0 {
			continue // it is not used any more
		}
		nc := e.home.config().Nodes[i]
		refused, err := e.refuses(ctx, nc, k, k.Token)
		if err != nil {
			e.log.Info("an old key cannot be tried now", "storage", nc.Name, "reason", err)
		}
		if !refused {
			left = append(left, k)
			continue
		}
		if e.bundle.Token(k.Storage) == k.Token {
			if wrong, err := e.refuses(ctx, nc, k, k.Next); err == nil && !wrong {
				errs = append(errs, e.useToken(ctx, nc, k.Storage, k.Next))
			}
		}
		errs = append(errs, e.note(ctx, Activity{Kind: ActivityDevice, Text: fmt.Sprintf("The storage %q refuses the key of %q now.", nc.Name, k.Device)}, false))
	}
	if len(left) == len(open) {
		return nil
	}
	e.bundle.SetOldKeys(left)
	return errors.Join(append(errs, e.home.saveBundle(e.bundle, e.master))...)
}

// useToken uses a storage with another key from now on, its own or that of its cluster, by the name that the bundle keeps it
// under.
func (e *Engine) useToken(ctx context.Context, nc nodeConfig, key, token string) error {
	nc.AllowHTTP = nc.AllowHTTP || e.opts.AllowHTTP
	n, m, err := dial(ctx, e.home, nc, accessWith(e.bundle, nc.Name, key, token), e.meter(nc.Name))
	if err != nil {
		return err
	}
	if k := e.running.Load(); k != nil {
		defer poke(k.stores)
	}
	e.bundle.SetToken(key, token)
	if err := e.home.saveBundle(e.bundle, e.master); err != nil {
		return err
	}
	e.replaceConnection(nc.Name, connection{n, m})
	return nil
}

// replaceConnection has a storage be asked through another connection from now on.
func (e *Engine) replaceConnection(name string, c connection) {
	if name == e.home.config().Nodes[0].Name {
		e.connecting.Lock()
		defer e.connecting.Unlock()
		e.use(c)
		return
	}
	e.farMu.Lock()
	defer e.farMu.Unlock()
	e.keepFar(name, c)
}

// oldKeyProblems are the keys that should be refused and are not.
func oldKeyProblems(keys []vault.OldKey) (out []Problem) {
	for _, k := range keys {
		storage, cluster := strings.CutSuffix(k.Storage, clusterKey(""))
		what := "the storage"
		if cluster {
			what = "the cluster of the storage"
		}
		err := fmt.Errorf("%w: %s %q still takes the key that %q had", ErrOldKey, what, storage, k.Device)
		if k.Token == "" {
			err = fmt.Errorf("%w: %s %q asks nobody for a key, and %q knows its address", ErrOldKey, what, storage, k.Device)
		}
		p := Describe(err)
		p.Since, p.Storage = time.Unix(k.Seconds, 0).UTC(), storage
		out = append(out, p)
	}
	return out
}
