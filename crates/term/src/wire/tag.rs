//! The byte that tells what follows.

macro_rules! tags {
    ($($name:ident = $value:literal, $since:literal;)*) => {$(
        #[doc = $since]
        pub(crate) const $name: u8 = $value;
    )*};
}

tags! {
    NEW_FLOAT = 70, "float, 8 bytes of IEEE 754";
    BIT_BINARY = 77, "bit string";
    COMPRESSED = 80, "a whole term in zlib's format";
    ATOM_CACHE_REF = 82, "atom by its place in the distribution header";
    NEW_PID = 88, "pid with a creation of 32 bits";
    NEW_PORT = 89, "port with a creation of 32 bits";
    NEWER_REFERENCE = 90, "reference with a creation of 32 bits";
    SMALL_INTEGER = 97, "0 to 255";
    INTEGER = 98, "32 bits, signed";
    FLOAT = 99, "float as text, before OTP R11";
    ATOM = 100, "atom in Latin-1; what OTP 25 and earlier write";
    REFERENCE = 101, "reference of one word, before OTP 23";
    PORT = 102, "port with a creation of 8 bits";
    PID = 103, "pid with a creation of 8 bits";
    SMALL_TUPLE = 104, "tuple of up to 255 elements";
    LARGE_TUPLE = 105, "tuple";
    NIL = 106, "the empty list";
    STRING = 107, "list of up to 65 535 bytes";
    LIST = 108, "list, with its tail";
    BINARY = 109, "binary";
    SMALL_BIG = 110, "integer of up to 255 bytes";
    LARGE_BIG = 111, "integer";
    NEW_FUN = 112, "closure";
    EXPORT = 113, "function by name";
    NEW_REFERENCE = 114, "reference with a creation of 8 bits";
    SMALL_ATOM = 115, "atom in Latin-1, up to 255 bytes";
    MAP = 116, "map";
    ATOM_UTF8 = 118, "atom in UTF-8";
    SMALL_ATOM_UTF8 = 119, "atom in UTF-8, up to 255 bytes";
    V4_PORT = 120, "port with a number of 64 bits, OTP 24";
    LOCAL = 121, "a whole term only its writer can read, OTP 26";
}
