//! Messages that are compressed with gzip.
//!
//! A compressor is a third of a megabyte. To give each message a fresh one costs the system more than compressing the
//! message, so each thread keeps one.

use std::cell::RefCell;
use std::io::Read as _;

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress, Status as Progress};
use tonic::Status;

use super::unary::PREFIX;

/// What is before what was compressed: that it is deflated, quickly, and has neither a name nor a time nor an origin.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255];
/// The most that a byte can stand for.
const MOST_FOR_A_BYTE: usize = 1032;

thread_local! {
    /// At the quickest level: the best one makes messages of a few hundred bytes no smaller.
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

/// A framed message as one that is compressed, and framed.
///
/// # Errors
/// It is too long to be framed.
pub(crate) fn compress(framed: &[u8]) -> Result<Bytes, Status> {
    let message = framed.get(PREFIX..).unwrap_or_default();
    let mut whole = Vec::with_capacity(PREFIX + HEAD.len() + message.len() / 2 + 64);
    whole.extend_from_slice(&[1, 0, 0, 0, 0]);
    whole.extend_from_slice(&HEAD);
    COMPRESSOR.with_borrow_mut(|compressor| deflate(compressor, message, &mut whole))?;
    let mut sum = Crc::new();
    sum.update(message);
    whole.extend_from_slice(&sum.sum().to_le_bytes());
    whole.extend_from_slice(&sum.amount().to_le_bytes());
    let length = whole.len() - PREFIX;
    let written = u32::try_from(length)
        .map_err(|_| Status::resource_exhausted(format!("a message of {length} bytes is too long to be sent")))?;
    whole[1..PREFIX].copy_from_slice(&written.to_be_bytes());
    Ok(whole.into())
}

fn deflate(compressor: &mut Compress, message: &[u8], to: &mut Vec<u8>) -> Result<(), Status> {
    compressor.reset();
    loop {
        let rest = &message[compressor.total_in() as usize..];
        match compressor.compress_vec(rest, to, FlushCompress::Finish) {
            Ok(Progress::StreamEnd) => return Ok(()),
            Ok(_) => to.reserve(to.capacity()),
            Err(error) => return Err(Status::internal(format!("a message cannot be compressed: {error}"))),
        }
    }
}

/// The message that was compressed, of so many bytes at most.
///
/// # Errors
/// It is not what gzip makes, or it stands for more.
pub(super) fn decompress(compressed: &[u8], most: usize) -> Result<Bytes, Status> {
    // How long it will be is said at its end; what says so may be wrong.
    let said = compressed.last_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let likely = said.min(compressed.len().saturating_mul(MOST_FOR_A_BYTE)).min(most);
    let mut message = Vec::with_capacity(likely + 1);
    GzDecoder::new(compressed)
        .take(most as u64 + 1)
        .read_to_end(&mut message)
        .map_err(|error| Status::internal(format!("Error decompressing: {error}")))?;
    if message.len() > most {
        return Err(Status::out_of_range(format!(
            "Error decompressing: size limit, of {most} bytes, exceeded while decompressing message"
        )));
    }
    Ok(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Framed, as a message comes to be compressed.
    fn framed(message: &[u8]) -> Vec<u8> {
        [&[0; PREFIX], message].concat()
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let random = |bytes: u32| (0..bytes).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect::<Vec<u8>>();
        for message in [vec![], vec![7], vec![7; 3_000_000], random(500), random(1_000_000)] {
            let compressed = compress(&framed(&message)).expect("it is short enough");
            let (prefix, body) = compressed.split_at(PREFIX);
            assert_eq!(prefix[0], 1);
            assert_eq!(prefix[1..], u32::try_from(body.len()).expect("short").to_be_bytes());
            assert_eq!(decompress(body, message.len()).expect("it is ours"), message);
        }
    }

    #[test]
    fn what_is_long_and_says_little_becomes_short() {
        let message = br#"{"activity":"charge","encoding":"json/plain"}"#.repeat(100);
        assert!(compress(&framed(&message)).expect("short").len() < message.len() / 20);
    }

    #[test]
    fn what_was_not_compressed_or_is_damaged_is_refused() {
        let compressed = compress(&framed(b"a message a message")).expect("short").slice(PREFIX..);
        for damaged in [0, 12, compressed.len() - 5, compressed.len() - 1] {
            let mut bytes = compressed.to_vec();
            bytes[damaged] ^= 0x40;
            let status = decompress(&bytes, 100).expect_err("it is damaged");
            assert!(status.message().starts_with("Error decompressing"), "{damaged}: {status}");
        }
        assert!(decompress(&compressed[..compressed.len() - 1], 100).is_err());
        assert!(decompress(b"", 100).is_err());
    }

    #[test]
    fn what_stands_for_more_than_an_answer_may_have_is_refused() {
        let bomb = compress(&framed(&[0; 1001])).expect("short");
        let status = decompress(&bomb[PREFIX..], 1000).expect_err("too long");
        assert_eq!(status.code(), tonic::Code::OutOfRange);
    }
}
