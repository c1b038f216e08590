//! Decodes a response body by its `Content-Encoding`.
//!
//! The request asks for no encoding. Some servers send one all the same, mostly because a file was stored compressed,
//! and browsers decode it.

use std::io::{self, Read};

use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

use super::fetch_error::FetchError;

/// The largest number of encodings of one body. Each is decoded within the size limit; more than a file that was
/// stored compressed and compressed again on its way are not expected.
const ENCODINGS_MAX: usize = 2;

/// The largest window of a body in zstd, in bytes (RFC 9659: 8 MB for `Content-Encoding`).
const ZSTD_WINDOW_BYTES_MAX: u64 = 8 << 20;

/// The size of the buffer for the input of a body in brotli, in bytes.
const BROTLI_BUFFER_BYTES: usize = 64 << 10;

/// An encoding that browsers decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// gzip (RFC 1952).
    Gzip,
    /// deflate, with the header of zlib (RFC 1950) or without it (RFC 1951).
    Deflate,
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstd,
}

/// Parses the `Content-Encoding` fields of a response, in the order in which the server applied them.
pub fn encodings<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Encoding>, FetchError> {
    let mut encodings = Vec::new();
    for name in fields.into_iter().flat_map(|field| field.split(|&byte| byte == b',')) {
        encodings.push(match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => continue,
            b"gzip" | b"x-gzip" => Encoding::Gzip,
            b"deflate" => Encoding::Deflate,
            b"br" => Encoding::Brotli,
            b"zstd" => Encoding::Zstd,
            _ => return Err(FetchError::Encoding),
        });
    }
    if encodings.len() > ENCODINGS_MAX { Err(FetchError::Encoding) } else { Ok(encodings) }
}

/// Undoes `encodings`, the last one first. No step returns more than `bytes_max` bytes.
pub fn decode(mut body: Vec<u8>, encodings: &[Encoding], bytes_max: usize) -> Result<Vec<u8>, FetchError> {
    for encoding in encodings.iter().rev() {
        // More than the limit is read by one byte only, however much the body would grow to.
        let mut decoded = Vec::new();
        let read =
            encoding.decoder(&body).and_then(|decoder| decoder.take(bytes_max as u64 + 1).read_to_end(&mut decoded));
        if decoded.len() > bytes_max {
            return Err(FetchError::TooLarge { bytes_max });
        }
        read.map_err(|error| FetchError::undecodable(&error))?;
        body = decoded;
    }
    Ok(body)
}

impl Encoding {
    /// The decoder of `body`. Like browsers, it ignores bytes behind the end of the encoded data.
    fn decoder<'a>(self, body: &'a [u8]) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Self::Gzip => Box::new(GzDecoder::new(body)),
            Self::Deflate if has_zlib_header(body) => Box::new(ZlibDecoder::new(body)),
            // RFC 9110 demands zlib's header; some servers leave it out, and browsers accept that.
            Self::Deflate => Box::new(DeflateDecoder::new(body)),
            Self::Brotli => {
                let mut decoder = Decompressor::new(body, BROTLI_BUFFER_BYTES);
                // Without it a window has 16 MB at most (RFC 7932).
                decoder.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
                Box::new(decoder)
            }
            Self::Zstd => {
                let decoder = StreamingDecoder::new_with_max_window_size(body, ZSTD_WINDOW_BYTES_MAX);
                Box::new(decoder.map_err(io::Error::other)?)
            }
        })
    }
}

/// Returns whether `body` begins with the header of zlib (RFC 1950): method 8, and a multiple of 31.
fn has_zlib_header(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..] if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    const TEXT: &[u8] = b"an image, an image, an image";
    const LIMIT: usize = 100_000;

    /// [`TEXT`] in brotli, by another implementation.
    const BROTLI: &str = "1b1b00f81da9539f38cc6b90b0b234d5e6562c6731542800660e";
    /// [`TEXT`] in brotli, with a window that only the large-window variant allows.
    const BROTLI_LARGE_WINDOW: &str = "115c6c00e077a44e7de230af41c2cad2549b5bb19cc550a100307300";
    /// 2 million zeros in brotli.
    const BROTLI_BOMB: &str = "9b7f841ef82700e2b1402087cf03";
    /// [`TEXT`] in zstd, by another implementation.
    const ZSTD: &str = "28b52ffd201c85000050616e20696d6167652c200100f50a12";
    /// One byte in zstd, with a window of 16 MB.
    const ZSTD_LARGE_WINDOW: &str = "28b52ffd00700900007a";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        compress_to_vec(bytes, CompressionLevel::Fastest)
    }

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    fn decoded(fields: &[&str], body: Vec<u8>) -> Result<Vec<u8>, String> {
        let encodings = encodings(fields.iter().map(|field| field.as_bytes()));
        encodings.and_then(|encodings| decode(body, &encodings, LIMIT)).map_err(|error| error.to_string())
    }

    fn check(fields: &[&str], body: Vec<u8>) {
        assert_eq!(decoded(fields, body).as_deref(), Ok(TEXT), "{fields:?}");
    }

    fn check_rejected(situation: &str, fields: &[&str], body: Vec<u8>, expected: &str) {
        let error = decoded(fields, body).unwrap_err();
        assert!(error.contains(expected), "{situation}: {error}");
    }

    #[test]
    fn a_body_is_decoded_by_the_names_of_its_encodings() {
        for (fields, body) in [
            (&["gzip"][..], gzip(TEXT)),
            (&["X-Gzip"], gzip(TEXT)),
            (&["deflate"], zlib(TEXT)),
            (&["deflate"], deflate(TEXT)),
            (&["br"], hex(BROTLI)),
            (&["zstd"], zstd(TEXT)),
            (&["zstd"], hex(ZSTD)),
            (&[], TEXT.to_vec()),
            (&[""], TEXT.to_vec()),
            (&["identity"], TEXT.to_vec()),
            (&["identity, gzip"], gzip(TEXT)),
            (&[" br ,gzip"], gzip(&hex(BROTLI))),
            (&["deflate", "zstd"], zstd(&zlib(TEXT))),
        ] {
            check(fields, body);
        }
    }

    #[test]
    fn bytes_behind_the_encoded_data_are_ignored() {
        for (name, mut body) in
            [("gzip", gzip(TEXT)), ("deflate", zlib(TEXT)), ("br", hex(BROTLI)), ("zstd", zstd(TEXT))]
        {
            body.extend(b"behind");
            check(&[name], body);
        }
    }

    #[test]
    fn an_encoding_that_is_not_supported_is_rejected() {
        for field in ["compress", "exi", "gzip;q=1", "gzip gzip", "gzip, gzip, gzip", "aes128gcm"] {
            check_rejected(field, &[field], TEXT.to_vec(), "supported are gzip, deflate, br and zstd");
        }
    }

    #[test]
    fn a_body_that_is_encoded_otherwise_or_incomplete_is_rejected() {
        let deflated = [("deflate", zlib(TEXT)), ("deflate", deflate(TEXT))];
        for (name, body) in
            deflated.into_iter().chain([("gzip", gzip(TEXT)), ("br", hex(BROTLI)), ("zstd", zstd(TEXT))])
        {
            let half = body[..body.len() / 2].to_vec();
            for (situation, body) in [("half", half), ("empty", Vec::new()), ("another encoding", TEXT.to_vec())] {
                check_rejected(&format!("{situation} {name}"), &[name], body, "cannot be decoded");
            }
        }
    }

    #[test]
    fn no_body_grows_beyond_the_limit() {
        let zeros = vec![0; 20 * LIMIT];
        for (name, bomb) in
            [("gzip", gzip(&zeros)), ("deflate", zlib(&zeros)), ("br", hex(BROTLI_BOMB)), ("zstd", zstd(&zeros))]
        {
            assert!(bomb.len() < LIMIT, "{name} has {} bytes", bomb.len());
            check_rejected(name, &[name], bomb, "more than 100000 bytes");
        }
        check_rejected("both", &["gzip, gzip"], gzip(&gzip(&zeros)), "more than 100000 bytes");
        let full = vec![0; LIMIT];
        assert_eq!(decoded(&["gzip"], gzip(&full)), Ok(full));
    }

    #[test]
    fn a_window_larger_than_the_standard_of_the_encoding_allows_is_rejected() {
        check_rejected("br", &["br"], hex(BROTLI_LARGE_WINDOW), "cannot be decoded");
        check_rejected("zstd", &["zstd"], hex(ZSTD_LARGE_WINDOW), "cannot be decoded");
    }
}
