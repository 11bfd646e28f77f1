//! Exponential of a small matrix.

/// Terms of the series; with entries below 2^-4 the remainder is below 1e-17.
const TERMS: u32 = 12;
/// Halvings before the series, squarings after it.
const SQUARINGS: i32 = 6;

pub(super) type Matrix<const N: usize> = [[f64; N]; N];

/// `e^matrix` by scaling, Taylor's series and squaring, for matrices whose entries are below 4.
pub(super) fn exponential<const N: usize>(matrix: &Matrix<N>) -> Matrix<N> {
    let scale = libm::ldexp(1.0, -SQUARINGS);
    let small = matrix.map(|row| row.map(|entry| entry * scale));
    let mut sum = identity();
    let mut term = identity();
    for order in 1..=TERMS {
        term = product(&term, &small).map(|row| row.map(|entry| entry / f64::from(order)));
        for (sums, terms) in sum.iter_mut().zip(&term) {
            for (total, entry) in sums.iter_mut().zip(terms) {
                *total += entry;
            }
        }
    }
    for _ in 0..SQUARINGS {
        sum = product(&sum, &sum);
    }
    sum
}

fn identity<const N: usize>() -> Matrix<N> {
    std::array::from_fn(|row| std::array::from_fn(|column| if row == column { 1.0 } else { 0.0 }))
}

fn product<const N: usize>(left: &Matrix<N>, right: &Matrix<N>) -> Matrix<N> {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| (0..N).map(|inner| left[row][inner] * right[inner][column]).sum())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_exponentials() {
        let rotation = exponential(&[[0.0, -1.0], [1.0, 0.0]]);
        assert!((rotation[0][0] - libm::cos(1.0)).abs() < 1e-13);
        assert!((rotation[1][0] - libm::sin(1.0)).abs() < 1e-13);
        let decay = exponential(&[[-0.3]]);
        assert!((decay[0][0] - libm::exp(-0.3)).abs() < 1e-14);
    }
}
