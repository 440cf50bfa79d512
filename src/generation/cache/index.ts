/** The cache room's door. */
export { type CachedAttentionContext, type CachedRows, cachedAttentionContext } from "./cached-attention.ts"
export { KeyValueCache, type KeyValueCacheOptions, type LayerPages, pageBytes } from "./key-value-cache.ts"
export { PageAllocator } from "./page-allocator.ts"
export { SequencePages } from "./sequence-pages.ts"
