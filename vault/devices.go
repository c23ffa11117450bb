package vault

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ipfs/go-cid"
	"golang.org/x/sync/errgroup"

	"roost/vault/format"
	"roost/vault/node"
)

// Device is one device of the vault, as the verified heads of a storage have it.
type Device struct {
	ID           format.DeviceID
	Name         string
	Head         *Head              // its newest; nil: it has none there
	IntroducedBy format.DeviceID    // zero: it came with the words
	Revoked      *format.Revocation // nil: it belongs to the vault
	Retired      bool               // revoked because its owner gave it up, not because it was lost
	TakenBy      format.DeviceID    // who has what it had saved; zero: nobody
}

// Devices lists all devices that were ever certified, in the order of their ids.
func (s *State) Devices() ([]Device, error) {
	certs, err := s.Union.Devices()
	if err != nil {
		return nil, err
	}
	var out []Device
	for _, c := range certs {
		d := Device{ID: c.Device(), Name: c.Name, Head: s.Own(c.Device()), TakenBy: s.taken[c.Device()]}
		if by, ok := s.Union.Introducer(d.ID); ok {
			d.IntroducedBy = by
		}
		if d.Revoked = s.Union.Revoked(d.ID); d.Revoked != nil {
			d.Retired = d.Revoked.Retired
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Device) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return out, nil
}

// FreeName is a name for one more device: the one that is wanted, or else that with the first number after it that no device
// of the vault has, or had.
func (s *State) FreeName(wanted string) (string, error) { return freeName(s.Union, wanted) }

func freeName(r format.Registry, wanted string) (string, error) {
	devices, err := r.Devices()
	if err != nil {
		return "", err
	}
	free := func(name string) bool {
		return !slices.ContainsFunc(devices, func(c *format.Certificate) bool { return strings.EqualFold(c.Name, name) })
	}
	name := wanted
	for i := 2; !free(name); i++ {
		number := fmt.Sprintf(" %d", i)
		name = strings.ToValidUTF8(wanted[:min(len(wanted), format.MaxDeviceName-len(number))], "") + number
	}
	return name, nil
}

// remaining are the devices of a registry that are not shut out.
func remaining(r format.Registry) ([]*format.Certificate, error) {
	devices, err := r.Devices()
	return slices.DeleteFunc(devices, func(c *format.Certificate) bool { return r.Revoked(c.Device()) != nil }), err
}

// Rename gives a device another name, and publishes it. The root key signs, so the words are needed.
// Errors: ErrNoDevice; those of a commit.
func (v *Vault) Rename(ctx context.Context, d format.DeviceID, name string, e format.Entropy) error {
	s, err := v.beginChange(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	all := s.registry()
	cert, err := all.Certificate(d)
	if err != nil || all.Revoked(d) != nil {
		return ErrNoDevice
	}
	if cert.Name == name {
		return nil
	}
	next := *cert
	next.Name, next.Seconds = name, max(time.Now().Unix(), cert.Seconds+1)
	h := s.nextHead(nil)
	h.Registry = h.Registry.Merge(format.Registry{Certificates: []format.Certified{format.Certify(&next, format.RootKey(e))}})
	c, err := s.commitOf(ctx, h, nil)
	if err == nil {
		err = s.bring(ctx, c, nil)
	}
	if err != nil {
		return err
	}
	if d == v.Device() {
		v.bundle.learnName(name)
	}
	return nil
}

// beginChange opens a session for a commit that adds no version of this device.
func (v *Vault) beginChange(ctx context.Context) (*Session, error) {
	s, err := v.Begin(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case s.base == nil && s.minSeq > 0, s.base != nil && s.base.Seq < s.minSeq:
		err = ErrRolledBack
	case s.base != nil:
		err = s.keepsBase(ctx)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// registry is everybody's, with this device's own certificate.
func (s *Session) registry() format.Registry {
	return s.state.Union.Merge(s.v.bundle.registry())
}

// RetireOptions say which device leaves the vault, and how.
type RetireOptions struct {
	Device  format.DeviceID
	Entropy format.Entropy // the root key signs
	// Lost shuts the device out of what is written from now on too: a new epoch begins, which it is not given.
	Lost bool
	// Drop gives up what the device had saved; else this device takes it over.
	Drop bool
	// Other is asked what else is known of the device's newest head; nil: nothing is. Versions that only another storage
	// has would be given up by mistake.
	Other []format.Seen
}

// Retired is what Retire did.
type Retired struct {
	Name       string
	Versions   int // that were taken over, or given up
	Packs      int // that this device links from now on
	Bytes      int64
	Introduced []string // devices that the one had introduced, and that stay
	Epoch      uint32   // that began; 0: none
	Already    bool     // the device was shut out before, and nothing was left to take over
}

// Retire shuts a device out: nothing that it publishes later is read or built on, and it stops by itself when it learns of
// it. One that is not lost may be saving at this moment: it is told first, so that all that it reported as saved is among
// what is taken over. What it had saved is taken over by this device's root, by links only, or given up. The head that says all that is
// published first; only then the device's root is unpinned, here, and by Mirror on other storages. A Retire that was
// interrupted is finished by the next one, and the unpinning by any commit.
//
// Errors: ErrNoDevice; ErrMissing and other damage when what is to be taken over is not there whole, and nothing is changed
// then; ErrRedo when the device saves meanwhile.
func (v *Vault) Retire(ctx context.Context, o RetireOptions) (*Retired, error) {
	if !o.Lost && !o.Drop {
		if err := v.tellRetired(ctx, o); err != nil {
			return nil, err
		}
	}
	s, err := v.beginChange(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r := &retirement{s: s, o: o, root: format.RootKey(o.Entropy), all: s.registry(), target: s.state.Own(o.Device)}
	cert, err := r.all.Certificate(o.Device)
	if err != nil || o.Device == v.Device() {
		return nil, ErrNoDevice
	}
	r.out.Name = cert.Name
	if _, gone := s.state.taken[o.Device]; gone {
		r.out.Already = true
		if s.base != nil {
			s.release(ctx, s.base)
		}
	} else if err := r.commit(ctx); err != nil {
		return nil, err
	}
	r.sweep(ctx)
	return &r.out, nil
}

// tellRetired publishes that a device is retired, and all that it has published counts for now. A state that it reports as
// saved was there before: whoever commits reads the registry once more before it reports anything.
func (v *Vault) tellRetired(ctx context.Context, o RetireOptions) error {
	s, err := v.beginChange(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	all := s.registry()
	if _, err := all.Certificate(o.Device); err != nil || o.Device == v.Device() {
		return ErrNoDevice
	}
	if all.Revoked(o.Device) != nil {
		return nil
	}
	// What could not be taken over is not to be told.
	r := &retirement{s: s, o: o, target: s.state.Own(o.Device)}
	if _, err := r.last(); err != nil {
		return err
	}
	if r.target != nil {
		r.out.Name = r.target.Name()
		if _, err := r.links(ctx); err != nil {
			return err
		}
	}
	x := &format.Revocation{Vault: v.keys().Vault, Device: o.Device, LastSeq: math.MaxInt64, Seconds: time.Now().Unix(), Retired: true}
	h := s.nextHead(nil)
	h.Registry = all.Merge(format.Registry{Revocations: []format.Certified{format.Revoke(x, format.RootKey(o.Entropy))}})
	c, err := s.commitOf(ctx, h, nil)
	if err != nil {
		return err
	}
	return s.bring(ctx, c, nil)
}

// retirement is one Retire on its way.
type retirement struct {
	s      *Session
	o      RetireOptions
	root   ed25519.PrivateKey
	all    format.Registry
	target *Head // of the device that leaves; nil: it has no head here
	out    Retired
}

func (r *retirement) commit(ctx context.Context) error {
	s := r.s
	if err := r.sign(); err != nil {
		return err
	}
	var added []format.PackInfo
	var sums []format.Summary
	var older []format.OlderList
	taken := r.gone(nil)
	if r.target != nil {
		theirs, err := r.versions(ctx, r.target)
		if err != nil {
			return err
		}
		r.out.Versions = len(theirs)
		if !r.o.Drop {
			if added, err = r.links(ctx); err != nil {
				return err
			}
			taken = r.gone(r.rows(theirs))
			if sums, older, err = r.merge(ctx, theirs); err != nil {
				return err
			}
			if added, err = r.alsoNew(ctx, added); err != nil {
				return err
			}
		}
	}
	h := s.nextHead(nil)
	if sums != nil {
		h.Snapshots, h.Older = sums, older
	}
	h.Taken = append(slices.Clone(h.Taken), taken...)
	h.Registry = r.all
	c, err := s.commitOf(ctx, h, added)
	if err != nil {
		return err
	}
	c.ready = r.unchanged
	if r.o.Lost {
		if c.rotated, err = s.rotate(r.o.Entropy, r.all); err != nil {
			return err
		}
		r.out.Epoch = c.rotated.epoch.Number
	}
	// What callers remember of earlier passes may need chunks that are given up now.
	return s.bring(ctx, c, bumpGeneration)
}

// sign adds the revocation to the registry, and certificates by the root key for the devices that depend on the one that
// leaves and stay.
func (r *retirement) sign() error {
	introduced, err := r.all.Introduced(r.o.Device)
	if err != nil {
		return err
	}
	var add format.Registry
	for _, c := range introduced {
		if r.all.Revoked(c.Device()) == nil {
			add.Certificates = append(add.Certificates, format.Certify(c, r.root))
			r.out.Introduced = append(r.out.Introduced, c.Name)
		}
	}
	x := &format.Revocation{Vault: r.s.v.keys().Vault, Device: r.o.Device, Seconds: time.Now().Unix(), Retired: !r.o.Lost}
	last, err := r.last()
	if err != nil {
		return err
	}
	x.LastSeq, x.LastHash = last.Seq, last.Hash
	if before := r.all.Revoked(r.o.Device); before == nil || before.LastSeq > x.LastSeq {
		add.Revocations = []format.Certified{format.Revoke(x, r.root)}
	}
	r.all = r.all.Merge(add)
	return nil
}

// last is the newest head that is known of the device that leaves; seq 0 for none. One that is newer than what this storage
// has cannot be taken over from it: ErrRolledBack.
func (r *retirement) last() (last format.Seen, err error) {
	here := uint64(0)
	if t := r.target; t != nil {
		here, last = t.Seq, format.Seen{Device: t.Device, Seq: t.Seq, Hash: t.Hash}
	}
	for _, k := range slices.Concat(r.o.Other, r.s.state.known) {
		if k.Device == r.o.Device && k.Seq > last.Seq {
			last = k
		}
	}
	if !r.o.Drop && last.Seq > here {
		err = fmt.Errorf("%w: state %d of %s is known, and state %d is on this storage", ErrRolledBack, last.Seq, r.s.state.nameOf(r.o.Device), here)
	}
	return last, err
}

// versions lists a head's own summaries, newest first.
func (r *retirement) versions(ctx context.Context, h *Head) ([]format.Summary, error) {
	out := slices.Clone(h.Snapshots)
	for _, l := range h.Older {
		sums, err := r.s.v.summaries(ctx, h, l)
		if err != nil {
			return nil, err
		}
		out = append(out, sums...)
	}
	return out, nil
}

// packsAtOnce is how many packs of the other device are asked for at once.
const packsAtOnce = 8

// links are the packs of the device that leaves which this device's root does not link yet. All are asked for, and its
// index is compared with its links.
func (r *retirement) links(ctx context.Context) ([]format.PackInfo, error) {
	s, v := r.s, r.s.v
	x, err := v.readInventory(ctx, r.target, nil)
	if err != nil {
		return nil, fmt.Errorf("take over the versions of %q: %w", r.out.Name, err)
	}
	var out []format.PackInfo
	for _, k := range x.packs {
		row, known, err := v.cat.PackByDigest(ctx, k.info.Digest)
		if err != nil {
			return nil, err
		}
		if known && row.Linked {
			continue
		}
		ids, err := s.chunksOf(ctx, k.info)
		if err != nil {
			return nil, fmt.Errorf("take over the versions of %q: %w", r.out.Name, err)
		}
		if len(ids) != k.chunks {
			return nil, fmt.Errorf("take over the versions of %q: %w: %d chunks of pack %s are known, %d are listed", r.out.Name, format.ErrDamaged, len(ids), k.info.Digest.RawCID(), k.chunks)
		}
		out = append(out, k.info)
		r.out.Packs++
		r.out.Bytes += int64(k.info.Size)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(packsAtOnce)
	for _, p := range out {
		g.Go(func() error {
			size, err := v.node.Stat(gctx, p.Digest.RawCID())
			if err == nil && size != int64(p.Size) {
				err = fmt.Errorf("%w: %d bytes of %d", node.ErrWrongBytes, size, p.Size)
			}
			if errors.Is(err, node.ErrNotFound) {
				err = fmt.Errorf("%w: pack %s: %w", ErrMissing, p.Digest.RawCID(), err)
			}
			if err != nil {
				return fmt.Errorf("take over the versions of %q: %w", r.out.Name, err)
			}
			return nil
		})
	}
	return out, g.Wait()
}

// rows adds the folders of the device that leaves to this head's table, and moves the summaries to them. It returns which
// rows are whose: that device may have taken over others.
func (r *retirement) rows(theirs []format.Summary) map[format.DeviceID][]uint32 {
	s := r.s
	first := uint32(len(s.folders()))
	s.extra = append(s.extra, r.target.Folders...)
	made := map[format.DeviceID][]uint32{}
	for i := range r.target.Folders {
		maker := r.target.Maker(uint32(i))
		made[maker] = append(made[maker], first+uint32(i))
	}
	for i := range theirs {
		theirs[i].Folder += first
	}
	return made
}

// gone lists the device that leaves, and those that it had taken over, with their rows.
func (r *retirement) gone(rows map[format.DeviceID][]uint32) (out []format.Taken) {
	devices := []format.DeviceID{r.o.Device}
	if r.target != nil {
		devices = append(devices, devicesOf(r.target.Taken)...)
	}
	for _, d := range devices {
		if r.s.base == nil || !r.s.base.Took(d) {
			out = append(out, format.Taken{Device: d, Rows: append([]uint32{}, rows[d]...)})
		}
	}
	return out
}

func devicesOf(taken []format.Taken) (out []format.DeviceID) {
	for _, t := range taken {
		out = append(out, t.Device)
	}
	return out
}

// merge puts what is taken over among this device's own versions, the newest first, and spreads them over the head and new
// lists.
func (r *retirement) merge(ctx context.Context, theirs []format.Summary) ([]format.Summary, []format.OlderList, error) {
	s := r.s
	var own []format.Summary
	if s.base != nil {
		var err error
		if own, err = r.versions(ctx, s.base); err != nil {
			return nil, nil, err
		}
	}
	all := make([]format.Summary, 0, len(own)+len(theirs))
	for len(own) > 0 && len(theirs) > 0 {
		if own[0].Time().Before(theirs[0].Time()) {
			all, theirs = append(all, theirs[0]), theirs[1:]
		} else {
			all, own = append(all, own[0]), own[1:]
		}
	}
	all = append(append(all, own...), theirs...)
	inner := min(len(all), format.SummariesInHead-snapshotsPerList)
	var older []format.OlderList
	for part := range slices.Chunk(all[inner:], snapshotsPerList) {
		id, _, err := s.Put(format.KindSnapshotList, format.EncodeSummaries(part))
		if err != nil {
			return nil, nil, err
		}
		older = append(older, format.OlderList{ID: id, Count: uint64(len(part))})
	}
	return all[:inner], older, nil
}

// alsoNew adds the packs that were written now, and those of other devices that hold a list already.
func (r *retirement) alsoNew(ctx context.Context, added []format.PackInfo) ([]format.PackInfo, error) {
	s := r.s
	waiting := s.linking(nil) // of an interrupted backup: the next one takes them up
	if err := s.flush(); err != nil {
		return nil, err
	}
	borrowed, err := s.checkBorrowed(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range s.linking(borrowed) {
		same := func(x format.PackInfo) bool { return x.Digest == p.Digest }
		if !slices.ContainsFunc(added, same) && !slices.ContainsFunc(waiting, same) {
			added = append(added, p)
		}
	}
	return added, nil
}

// unchanged stops the commit when the device that leaves has published something since it was looked at.
func (r *retirement) unchanged(ctx context.Context) error {
	st, err := Find(ctx, r.s.v.node, r.s.v.bundle)
	if err != nil {
		return err
	}
	if own := st.Own(r.s.v.Device()); own != nil && own.Took(r.o.Device) {
		return nil // published by an earlier try
	}
	now := st.Own(r.o.Device)
	if (now == nil) != (r.target == nil) || now != nil && now.Root != r.target.Root {
		return fmt.Errorf("%w: %q saved something", ErrRedo, r.out.Name)
	}
	return nil
}

// sweep unpins what a device that is gone left of interrupted uploads. What fails here stays, and harms nothing.
func (r *retirement) sweep(ctx context.Context) {
	v := r.s.v
	err := v.node.Unlink(ctx, v.keys().StagingDir(r.o.Device))
	label, lerr := v.pinLabel(ctx)
	pins, perr := v.node.Pins(ctx)
	if err = errors.Join(err, lerr, perr); err != nil {
		v.log.Warn("leftovers of a retired device are not looked for now", "reason", err)
		return
	}
	for _, p := range pins {
		if p.CID.Type() != cid.DagProtobuf || p.Name != "" && p.Name != label {
			continue
		}
		ours, err := v.markedBy(ctx, p.CID, r.o.Device)
		if err == nil && ours {
			err = v.node.PinRemove(ctx, p.CID)
		}
		if err != nil && !IsDamage(err) {
			v.log.Warn("a leftover of a retired device stays pinned for now", "pin", p.CID, "reason", err)
		}
	}
}

// markedBy tells whether a pin is an upload batch of a device.
func (v *Vault) markedBy(ctx context.Context, root cid.Cid, d format.DeviceID) (bool, error) {
	digest, _, err := format.DigestOf(root)
	if err != nil {
		return false, nil // no hash of ours
	}
	block, err := getBlock(ctx, v.node, root, digest)
	if err != nil {
		return false, err
	}
	_, marker, ok := format.DecodeBatch(block)
	if !ok {
		return false, nil
	}
	mb, err := getBlock(ctx, v.node, marker.CID(), marker.Digest)
	if err != nil {
		return false, err
	}
	x, err := format.OpenMarker(mb, v.keys())
	return err == nil && x.Device == d, err
}

// rotation is an epoch that begins.
type rotation struct {
	epoch format.Epoch
	block []byte // the keyring object that delivers it
}

// rotate makes the next epoch, and seals it to the devices of a registry that are not shut out. It counts once a head that
// carries it is published.
func (s *Session) rotate(e format.Entropy, all format.Registry) (*rotation, error) {
	k := s.v.keys()
	version, _ := s.v.bundle.keyring()
	st := format.KeyringState{Version: max(version, s.state.keyring.Version) + 1, Current: max(k.Current().Number, s.state.keyring.Current) + 1}
	if st.Current > format.MaxEpochs {
		return nil, fmt.Errorf("begin a new epoch: %w", format.ErrTooLarge)
	}
	devices, err := remaining(all)
	if err != nil {
		return nil, err
	}
	next := format.DeriveKeys(e, st.Current)
	block, err := format.SealKeyring(st, next, devices, format.RootKey(e))
	return &rotation{next.Current(), block}, err
}
