package balancer

// hash is the same in every process, so that all callers send a key to the same item: FNV-1a, whose bits are mixed as in
// SplitMix64.
//
// Sources: Fowler, Noll, Vo, and Eastlake, RFC 9923, 2026; Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
// Generators", OOPSLA 2014.
func hash(key string) uint64 {
	sum := uint64(14695981039346656037)
	for i := range len(key) {
		sum = (sum ^ uint64(key[i])) * 1099511628211
	}
	return mixed(sum)
}

func mixed(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
