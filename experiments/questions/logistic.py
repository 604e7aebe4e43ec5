"""Multinomial logistic regression with an L2 penalty, by L-BFGS: small, convex, and the same every time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

PENALTIES = (1e-3, 1e-2, 1e-1)
"""Tried on a fifth of the training rows."""


@dataclass(frozen=True, eq=False)
class Logistic:
    """weights: float64 (n_features, n_classes), for features as they come.  bias: float64 (n_classes,)."""

    weights: np.ndarray
    bias: np.ndarray
    penalty: float

    def predict(self, features: np.ndarray) -> np.ndarray:
        """int64 (n,): the class of each row of features, (n, n_features)."""
        return np.asarray((features @ self.weights + self.bias).argmax(axis=1))


def fit_logistic(features: np.ndarray, classes: np.ndarray, n_classes: int, penalty: float) -> Logistic:
    """Minimise the mean cross-entropy plus `penalty` / 2 times the squared weights of standardised features.

    features: float or bool (n, n_features).  classes: integers (n,) from 0.  Constant features get weight 0.
    """
    values = np.asarray(features, dtype=np.float64)
    mean, spread = values.mean(axis=0), values.std(axis=0)
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
    scaled = (values - mean) * scale
    hot = np.eye(n_classes)[classes]
    n_features = values.shape[1]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        parameters = flat.reshape(n_features + 1, n_classes)
        logs = log_softmax(scaled @ parameters[:-1] + parameters[-1], axis=1)
        error = (np.exp(logs) - hot) / len(hot)
        gradient = np.vstack([scaled.T @ error + penalty * parameters[:-1], error.sum(axis=0)])
        value = -float((logs * hot).sum()) / len(hot) + penalty / 2 * float(np.square(parameters[:-1]).sum())
        return value, gradient.ravel()

    found = minimize(
        loss, np.zeros((n_features + 1) * n_classes), jac=True, method="L-BFGS-B", options={"maxiter": 200}
    )
    parameters = found.x.reshape(n_features + 1, n_classes)
    weights = parameters[:-1] * scale[:, None]
    return Logistic(weights, parameters[-1] - mean @ weights, penalty)


def tuned_logistic(features: np.ndarray, classes: np.ndarray, n_classes: int, rng: np.random.Generator) -> Logistic:
    """The regression with the penalty of `PENALTIES` that does best on a fifth of the rows; then on all of them."""
    order = rng.permutation(len(classes))
    held, kept = order[: len(order) // 5], order[len(order) // 5 :]

    def right(penalty: float) -> float:
        fitted = fit_logistic(features[kept], classes[kept], n_classes, penalty)
        return float((fitted.predict(features[held]) == classes[held]).mean())

    best = max(PENALTIES, key=right)
    return fit_logistic(features, classes, n_classes, best)
