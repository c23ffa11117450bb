package syncer

import (
	"hash/fnv"

	"roost/vault"
	"roost/vault/format"
)

// A large directory is cut into nodes at names that a hash picks, so that one changed name changes one node.
const (
	nodeMin  = 16 << 10
	nodeMax  = 256 << 10
	branches = 1024 // per upper node
)

// putTree stores a directory's entries, sorted by name, and returns the id of its tree.
func putTree(s *vault.Session, recs []*record) (format.ChunkID, error) {
	size := 0
	for _, r := range recs {
		size += len(r.entry)
	}
	if size <= nodeMax {
		return putNode(s, recs)
	}
	var level []format.Branch
	start, size := 0, 0
	for i, r := range recs {
		size += len(r.entry)
		last := i == len(recs)-1
		next := 0
		if !last {
			next = len(recs[i+1].entry)
		}
		if !last && size+next <= nodeMax && (size < nodeMin || !boundary(r.name)) {
			continue
		}
		id, err := putNode(s, recs[start:i+1])
		if err != nil {
			return id, err
		}
		level = append(level, format.Branch{First: []byte(recs[start].name), Node: id[:]})
		start, size = i+1, 0
	}
	for {
		var up []format.Branch
		for rest := level; len(rest) > 0; {
			n, size := 0, 0
			for n < len(rest) && n < branches && size < nodeMax {
				size += len(rest[n].First) + 40
				n++
			}
			id, _, err := s.Put(format.KindTree, format.EncodeTree(&format.Tree{Branches: rest[:n]}))
			if err != nil {
				return id, err
			}
			up = append(up, format.Branch{First: rest[0].First, Node: id[:]})
			rest = rest[n:]
		}
		if len(up) == 1 {
			return format.ChunkID(up[0].Node), nil
		}
		level = up
	}
}

func boundary(name string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash takes every write
	return h.Sum32()%256 == 0
}

func putNode(s *vault.Session, recs []*record) (format.ChunkID, error) {
	entries := make([][]byte, len(recs))
	for i, r := range recs {
		entries[i] = r.entry
	}
	id, _, err := s.Put(format.KindTree, format.JoinEntries(entries))
	return id, err
}
