//! Numbers and texts from bytes that were saved. Nothing is taken on trust: what does not fit is none.

/// What is left to read.
pub(crate) struct Reader<'b>(pub(crate) &'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) fn take(&mut self, bytes: usize) -> Option<&'b [u8]> {
        let (first, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(first)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// How many of something follow that take so many bytes at the least.
    pub(crate) fn count(&mut self, of_one: usize) -> Option<usize> {
        let count = self.u32()? as usize;
        (count.checked_mul(of_one)? <= self.0.len()).then_some(count)
    }

    /// Numbers of a fixed length, after how many there are.
    pub(crate) fn all<const N: usize, T>(&mut self, number: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
        let count = self.count(N)?;
        let (each, _) = self.take(count * N)?.as_chunks::<N>();
        Some(each.iter().map(|bytes| number(*bytes)).collect())
    }

    pub(crate) fn text(&mut self) -> Option<&'b str> {
        let length = self.count(1)?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// The end, and what was read before it.
    pub(crate) fn end<T>(&self, read: T) -> Option<T> {
        self.0.is_empty().then_some(read)
    }
}

pub(crate) fn write_u32(number: usize, to: &mut Vec<u8>) {
    to.extend((number as u32).to_le_bytes());
}

pub(crate) fn write_text(text: &str, to: &mut Vec<u8>) {
    write_u32(text.len(), to);
    to.extend(text.as_bytes());
}

/// How many, then each.
pub(crate) fn write_all<const N: usize>(numbers: impl ExactSizeIterator<Item = [u8; N]>, to: &mut Vec<u8>) {
    write_u32(numbers.len(), to);
    to.reserve(numbers.len() * N);
    numbers.for_each(|number| to.extend(number));
}
